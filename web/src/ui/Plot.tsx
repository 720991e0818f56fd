/** Bars over time, drawn with uPlot. The numbers are also in a table: a picture alone says nothing to a screen reader. */
import { useCallback } from 'react';
import uPlot from 'uplot';

import { axesOf, colour, dateAt, upTo, useDrawing } from './axes';

export interface Point {
  /** A day (`2026-04-30`) or a moment. */
  at: string;
  value: number;
  /** What is said of it instead of its value. */
  words?: string;
}

interface Props {
  points: Point[];
  label: string;
  /** How far apart the bars are. */
  each?: 'day' | 'month';
  format: (value: number) => string;
}

export default function Plot({ points, label, each = 'day', format }: Props) {
  const make = useCallback((host: HTMLElement): [uPlot.Options, uPlot.AlignedData] => [optionsFor(host, points, { label, each, format }), [points.map((it) => Date.parse(it.at) / 1000), points.map((it) => it.value)]], [points, label, each, format]);
  const box = useDrawing(HEIGHT, make);

  return <div ref={box} className="plot" role="img" aria-label={`${label}: ${points.length} values, the highest ${format(Math.max(0, ...points.map((it) => it.value)))}`} />;
}

const HEIGHT = 220;
const DAY_S = 86_400;
const HALF_S = { day: DAY_S / 2, month: 15 * DAY_S };
/** A mark is never nearer to the next than a bar: else the same name stands there twice. uPlot takes thirty days for a month. */
const INCREMENTS = { day: [1, 2, 7, 14, 30, 60, 90, 180, 365].map((it) => it * DAY_S), month: [30, 60, 90, 180, 365].map((it) => it * DAY_S) };

function optionsFor(host: HTMLElement, points: Point[], { label, each, format }: Required<Omit<Props, 'points'>>): uPlot.Options {
  const day = NAMES[each];
  const half = HALF_S[each];
  const said = (value: number | null, index: number | null) => (index === null ? undefined : points[index]?.words) ?? ((value ?? null) === null ? '–' : format(value ?? 0));
  const accent = colour(host, '--accent');
  return {
    width: host.clientWidth,
    height: HEIGHT,
    cursor: { y: false, points: { show: false } },
    legend: { live: true },
    // Half a bar on both sides, or the first and the last are cut in two.
    scales: { x: { range: (_, min, max) => [min - half, max + half] }, y: { range: (_, __, max) => upTo(max) } },
    axes: axesOf(host, { space: 64, values: (_, days) => days.map(day), incrs: INCREMENTS[each] }, { size: 64, values: (_, values) => values.map(format) }),
    series: [
      { label: each === 'day' ? 'Day' : 'Month', value: (_, at) => ((at ?? null) === null ? '–' : day(at)) },
      { label, stroke: accent, fill: accent, width: 0, points: { show: false }, paths: uPlot.paths.bars?.({ size: [0.72, 36], radius: 0.12 }), value: (_, value, __, index) => said(value, index) },
    ],
    tzDate: dateAt,
  };
}

const NAMES = {
  day: (at: number) => new Date(at * 1000).toLocaleDateString('en', { day: 'numeric', month: 'short', timeZone: 'UTC' }),
  month: (at: number) => new Date(at * 1000).toLocaleDateString('en', { month: 'short', year: 'numeric', timeZone: 'UTC' }),
};
