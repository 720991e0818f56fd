/** Lines over time, drawn with uPlot. The numbers are also in a table: a picture alone says nothing to a screen reader. */
import { useCallback } from 'react';
import type uPlot from 'uplot';

import { axesOf, colour, dateAt, upTo, useDrawing } from './axes';
import { ticksOf } from './ticks';

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
  /** What people call a day, where it stands for what begins with it: `Oct 2026`. */
  dayName?: (day: string) => string;
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

export default function Lines({ days, lines, label, format, dayName = dayWords, range }: LinesProps) {
  const make = useCallback((host: HTMLElement): [uPlot.Options, uPlot.AlignedData] => [optionsFor(host, { lines, format, dayName, range }), [days.map((it) => Date.parse(it) / 1000), ...lines.map((it) => it.values)]], [days, lines, format, dayName, range]);
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
                  <td className="quiet">{dayName(day)}</td>
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

/** `Oct 5, 26`. */
function dayWords(day: string): string {
  return new Date(day).toLocaleDateString('en', { day: 'numeric', month: 'short', year: '2-digit', timeZone: 'UTC' });
}

/** The room that the name of a day takes on the axis. */
const NAME_PX = 90;

function optionsFor(host: HTMLElement, { lines, format, dayName, range }: Required<Pick<LinesProps, 'lines' | 'format' | 'dayName'>> & Pick<LinesProps, 'range'>): uPlot.Options {
  const day = (at: number) => dayName(new Date(at * 1000).toISOString().slice(0, 10));
  // Named are days that there are points of: between two months nothing was counted.
  const splits = (plot: uPlot) => ticksOf([...(plot.data[0] ?? [])], Math.floor(plot.width / NAME_PX));
  return {
    width: host.clientWidth,
    height: HEIGHT,
    // Half of the last name stands to the right of its point.
    padding: [null, NAME_PX / 3, null, null],
    legend: { live: true },
    scales: { x: { time: true }, y: { range: (_, __, most) => range ?? upTo(most) } },
    axes: axesOf(host, { splits, values: (_, days) => days.map(day) }, { size: 56, values: (_, values) => values.map(format) }),
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
