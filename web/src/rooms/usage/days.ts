/** The days of a period, each with its value: a day on which nothing happened is there too, with zero. */
import type { UsagePart, UsageSums } from '../../api/types';
import type { Point } from '../../ui/Plot';

export type Measure = 'cost' | 'tokens' | 'operations';

const MOST_DAYS = 400;

export function daysOf(breakdown: UsagePart[], from: string, to: string, measure: Measure): Point[] {
  const known = new Map(breakdown.map((it) => [it.name.slice(0, 10), valueOf(it, measure)]));
  const points: Point[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to) && points.length < MOST_DAYS; at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    points.push({ at: day, value: known.get(day) ?? 0 });
  }
  return points;
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
