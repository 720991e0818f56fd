/**
 * What every drawing over time shares: it follows the page's width and colours, and its axes look alike.
 *
 * Start at {@link useDrawing}; the rest are parts of its options.
 */
import { type RefObject, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** Draws what `make` makes of the box that is given back, and again when that or the colours change. */
export function useDrawing(height: number, make: (host: HTMLElement) => [uPlot.Options, uPlot.AlignedData]): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const host = box.current;
    if (!host) return undefined;
    let plot: uPlot | null = null;
    const draw = () => {
      plot?.destroy();
      const [options, data] = make(host);
      plot = new uPlot(options, data, host);
    };
    draw();
    // A canvas does not follow the page's colours or width by itself.
    const resize = new ResizeObserver(() => plot?.setSize({ width: host.clientWidth, height }));
    resize.observe(host);
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      resize.disconnect();
      theme.disconnect();
      scheme.removeEventListener('change', draw);
      plot?.destroy();
    };
  }, [height, make]);
  return box;
}

/** Time from left to right, with a line upwards for each value. */
export function axesOf(host: HTMLElement, across: uPlot.Axis, up: uPlot.Axis): uPlot.Axis[] {
  const axis: uPlot.Axis = { stroke: colour(host, '--text-3'), grid: { stroke: colour(host, '--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  return [
    { ...axis, grid: { show: false }, ...across },
    { ...axis, ...up },
  ];
}

/** From nothing to a little above the highest. */
export function upTo(most: number): [number, number] {
  return [0, most > 0 ? most * 1.1 : 1];
}

/** Days are days wherever one looks at them. */
export function dateAt(seconds: number): Date {
  return uPlot.tzDate(new Date(seconds * 1000), 'UTC');
}

/** A custom property may be written as `light-dark(…)`: only the browser can say what it is now. */
export function colour(host: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  host.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
