/**
 * What was used, by day or month, and in which words.
 *
 * Pure. A day on which nothing happened is there too, with zero. A cost that nobody knows is not zero:
 * {@link costWords} says so, and {@link daysOf} gives it to the picture as words.
 */
import type { UsagePart, UsageSums } from '../../api/types';
import { dollars, number } from '../../ui/format';
import type { Point } from '../../ui/Plot';

export type Measure = 'cost' | 'tokens' | 'operations';
export type Each = 'day' | 'month';

const MOST = 400;

export function daysOf(breakdown: UsagePart[], from: string, to: string, measure: Measure, each: Each = 'day'): Point[] {
  const length = each === 'day' ? 10 : 7;
  const known = new Map(breakdown.map((it) => [it.name.slice(0, length), it]));
  const points: Point[] = [];
  for (let at = each === 'day' ? from : `${from.slice(0, 7)}-01`; at <= to && points.length < MOST; at = after(at, each)) {
    const part = known.get(at.slice(0, length));
    points.push({ at, value: part ? valueOf(part, measure) : 0, ...(part && measure === 'cost' && part.unknown_cost_count > 0 ? { words: costWords(part) } : {}) });
  }
  return points;
}

function after(at: string, each: Each): string {
  const date = new Date(`${at}T00:00:00Z`);
  if (each === 'day') date.setUTCDate(date.getUTCDate() + 1);
  else date.setUTCMonth(date.getUTCMonth() + 1);
  return date.toISOString().slice(0, 10);
}

/** Where a picture begins when nobody says: thirty days, or twelve months. */
export function beginningOf(today: string, each: Each): string {
  const date = new Date(`${today}T00:00:00Z`);
  if (each === 'day') date.setUTCDate(date.getUTCDate() - 29);
  else date.setUTCMonth(date.getUTCMonth() - 11, 1);
  return date.toISOString().slice(0, 10);
}

export function valueOf(totals: UsageSums, measure: Measure): number {
  switch (measure) {
    case 'cost':
      return totals.total_cost_usd;
    case 'tokens':
      return totals.total_tokens;
    case 'operations':
      return totals.operations_count;
  }
}

/** `$1.20`, `$1.20 + 3 unknown`, `unknown`. */
export function costWords({ total_cost_usd, unknown_cost_count, attempts_count }: UsageSums): string {
  if (unknown_cost_count === 0) return dollars(total_cost_usd);
  return unknown_cost_count >= attempts_count ? 'unknown' : `${dollars(total_cost_usd)} + ${number(unknown_cost_count)} unknown`;
}

export function short(value: number): string {
  return value.toLocaleString('en', { notation: value >= 10_000 ? 'compact' : 'standard', maximumFractionDigits: 1 });
}
