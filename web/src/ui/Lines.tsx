/** Lines over time, drawn with uPlot. The numbers are also in a table: a picture alone says nothing to a screen reader. */
import { useCallback } from 'react';
import type uPlot from 'uplot';

import { axesOf, colour, dateAt, upTo, useDrawing } from './axes';

export interface Line {
  name: string;
  /** As many as there are days; null where nothing is known. */
  values: (number | null)[];
}

export interface LinesProps {
  /** Days (`2026-04-30`), the earliest first. */
  days: string[];
  lines: Line[];
  label: string;
  format: (value: number) => string;
  /** The least and the most that a value can be; from nothing to the highest when left out. */
  range?: [number, number];
}

const HEIGHT = 240;
/** Told apart by more than their colour. */
const LOOKS = [
  { colour: '--accent', dash: [] },
  { colour: '--bad-fill', dash: [8, 4] },
  { colour: '--good-fill', dash: [2, 3] },
  { colour: '--warn-fill', dash: [10, 3, 2, 3] },
  { colour: '--info-fill', dash: [5, 5] },
  { colour: '--text-3', dash: [1, 4] },
];

export default function Lines({ days, lines, label, format, range }: LinesProps) {
  const make = useCallback((host: HTMLElement): [uPlot.Options, uPlot.AlignedData] => [optionsFor(host, { lines, format, range }), [days.map((it) => Date.parse(it) / 1000), ...lines.map((it) => it.values)]], [days, lines, format, range]);
  const box = useDrawing(HEIGHT, make);

  return (
    <>
      <div ref={box} className="plot plot--lines" role="img" aria-label={`${label}: ${lines.map((it) => it.name).join(', ')}, ${days.length} points in time. The numbers are in the table below.`} />
      <details>
        <summary className="quiet">The numbers as a table</summary>
        {/* A region that scrolls must be reachable by keyboard. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div className="grid-scroll" role="region" aria-label={`${label}, as a table`} tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">From</th>
                {lines.map((it) => (
                  <th key={it.name} scope="col" className="right">
                    {it.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days.map((day, index) => (
                <tr key={day}>
                  <td className="quiet">{day}</td>
                  {lines.map((it) => (
                    <td key={it.name} className="right">
                      {said(it.values[index], format)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

function said(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value);
}

function optionsFor(host: HTMLElement, { lines, format, range }: Pick<LinesProps, 'lines' | 'format' | 'range'>): uPlot.Options {
  const day = (at: number) => new Date(at * 1000).toLocaleDateString('en', { day: 'numeric', month: 'short', year: '2-digit', timeZone: 'UTC' });
  return {
    width: host.clientWidth,
    height: HEIGHT,
    legend: { live: true },
    scales: { x: { time: true }, y: { range: (_, __, most) => range ?? upTo(most) } },
    axes: axesOf(host, { space: 90, values: (_, days) => days.map(day) }, { size: 56, values: (_, values) => values.map(format) }),
    series: [
      { label: 'From', value: (_, at) => ((at ?? null) === null ? '–' : day(at)) },
      ...lines.map((it, index): uPlot.Series => {
        const look = LOOKS[index % LOOKS.length];
        const stroke = colour(host, look?.colour ?? '--accent');
        return { label: it.name, stroke, width: 2, dash: look?.dash, spanGaps: true, points: { show: true, size: 6, fill: stroke }, value: (_, value) => said(value, format) };
      }),
    ],
    tzDate: dateAt,
  };
}
