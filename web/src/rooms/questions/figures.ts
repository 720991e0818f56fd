/**
 * How what a question found can be drawn: as bars, or over time. Pure.
 *
 * A row is a list of values or an object with a value for each column; both are read.
 */
import { readable } from '../../api/description';
import type { Json, QuestionResult } from '../../api/types';

export interface Table {
  columns: string[];
  rows: Json[][];
}

export type Figure = { kind: 'bars'; label: string; rows: { name: string; value: number }[] } | { kind: 'time'; label: string; days: string[]; lines: { name: string; values: (number | null)[] }[] };

const BARS_MAX = 20;
const LINES_MAX = 5;

export function tableOf({ columns, rows }: Pick<QuestionResult, 'columns' | 'rows'>): Table {
  return {
    columns,
    rows: rows.map((row) => (Array.isArray(row) ? columns.map((_, index) => row[index] ?? null) : typeof row === 'object' && row !== null ? columns.map((name) => row[name] ?? null) : [row])),
  };
}

/** A picture of it; none where a table says more. */
export function figureOf(result: Pick<QuestionResult, 'columns' | 'rows'>): Figure | null {
  const { columns, rows } = tableOf(result);
  if (rows.length < 2 || columns.length < 2) return null;
  const values = columns.map((_, index) => rows.map((row) => row[index]));
  const numeric = columns.map((_, index) => index).filter((index) => (values[index] ?? []).every((it) => it === null || numberIn(it) !== null) && (values[index] ?? []).some((it) => it !== null));
  const days = columns.findIndex((_, index) => (values[index] ?? []).every((it) => dayIn(it) !== null));
  const drawn = numeric.filter((index) => index !== days);
  if (days >= 0 && drawn.length > 0 && drawn.length <= LINES_MAX) return overTime(columns, rows, days, drawn);
  const label = columns.findIndex((_, index) => !numeric.includes(index));
  const [of] = numeric;
  if (label < 0 || of === undefined || numeric.length !== 1 || rows.length > BARS_MAX) return null;
  const bars = rows.map((row) => ({ name: textIn(row[label]), value: numberIn(row[of]) ?? 0 }));
  if (bars.some((it) => it.value < 0) || new Set(bars.map((it) => it.name)).size < bars.length) return null;
  return { kind: 'bars', label: readable(columns[of] ?? ''), rows: bars };
}

function overTime(columns: string[], rows: Json[][], days: number, drawn: number[]): Figure | null {
  const points = rows.map((row) => ({ day: dayIn(row[days]) ?? '', row })).sort((a, b) => a.day.localeCompare(b.day));
  // One value for each day, or it is no line.
  if (new Set(points.map((it) => it.day)).size < points.length) return null;
  return {
    kind: 'time',
    label: drawn.map((it) => readable(columns[it] ?? '')).join(', '),
    days: points.map((it) => it.day),
    lines: drawn.map((index) => ({ name: readable(columns[index] ?? ''), values: points.map((it) => numberIn(it.row[index])) })),
  };
}

/** A number, also one that a database writes as a text. */
function numberIn(value: Json | undefined): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null;
}

/** A day: `2026-04-30`, a moment, or a month. */
function dayIn(value: Json | undefined): string | null {
  if (typeof value !== 'string') return null;
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(value)) return `${value}-01`;
  return /^\d{4}-(0[1-9]|1[0-2])-\d{2}($|[T ])/.test(value) ? value.slice(0, 10) : null;
}

export function textIn(value: Json | undefined): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
