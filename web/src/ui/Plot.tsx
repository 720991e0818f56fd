/** Bars over time, drawn with uPlot. The numbers are also in a table: a picture alone says nothing to a screen reader. */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Point {
  /** A day (`2026-04-30`) or a moment. */
  at: string;
  value: number;
}

export default function Plot({ points, label, format }: { points: Point[]; label: string; format: (value: number) => string }) {
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const host = box.current;
    if (!host) return undefined;
    let plot: uPlot | null = null;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(optionsFor(host, label, format), [points.map((it) => Date.parse(it.at) / 1000), points.map((it) => it.value)], host);
    };
    draw();

    // A canvas does not follow the page's colours or width by itself.
    const resize = new ResizeObserver(() => plot?.setSize({ width: host.clientWidth, height: HEIGHT }));
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
  }, [points, label, format]);

  return <div ref={box} className="plot" role="img" aria-label={`${label}: ${points.length} values, the highest ${format(Math.max(0, ...points.map((it) => it.value)))}`} />;
}

const HEIGHT = 220;
const HALF_DAY_S = 43_200;

function optionsFor(host: HTMLElement, label: string, format: (value: number) => string): uPlot.Options {
  const accent = colour(host, '--accent');
  const axis = { stroke: colour(host, '--text-3'), grid: { stroke: colour(host, '--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  return {
    width: host.clientWidth,
    height: HEIGHT,
    cursor: { y: false, points: { show: false } },
    legend: { live: true },
    // Half a day on both sides, or the first bar and the last are cut in two.
    scales: { x: { range: (_, min, max) => [min - HALF_DAY_S, max + HALF_DAY_S] }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, space: 64, values: (_, days) => days.map(day) },
      { ...axis, size: 64, values: (_, values) => values.map(format) },
    ],
    series: [
      { label: 'Day', value: (_, at) => ((at ?? null) === null ? '–' : day(at)) },
      { label, stroke: accent, fill: accent, width: 0, points: { show: false }, paths: uPlot.paths.bars?.({ size: [0.72, 36], radius: 0.12 }), value: (_, value) => ((value ?? null) === null ? '–' : format(value)) },
    ],
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'UTC'),
  };
}

function day(at: number): string {
  return new Date(at * 1000).toLocaleDateString('en', { day: 'numeric', month: 'short', timeZone: 'UTC' });
}

/** A custom property may be written as `light-dark(…)`: only the browser can say what it is now. */
function colour(host: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  host.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
