import { describe, expect, it } from 'vitest';

import type { UsagePart } from '../../api/types';
import { beginningOf, costWords, daysOf } from './days';

function part(name: string, sums: Partial<UsagePart> = {}): UsagePart {
  return { name, total_tokens: 0, tokens_in: 0, tokens_out: 0, total_cost_usd: 0, unknown_cost_count: 0, operations_count: 1, attempts_count: 1, ...sums };
}

describe('what was used', () => {
  it('has a point for each day, also where nothing happened', () => {
    const points = daysOf([part('2026-02-28', { total_cost_usd: 2 })], '2026-02-27', '2026-03-01', 'cost');
    expect(points).toEqual([
      { at: '2026-02-27', value: 0 },
      { at: '2026-02-28', value: 2 },
      { at: '2026-03-01', value: 0 },
    ]);
  });

  it('has a point for each month, over the end of a year', () => {
    const points = daysOf([part('2026-01', { total_tokens: 7 })], '2025-11-21', '2026-02-03', 'tokens', 'month');
    expect(points.map((it) => [it.at, it.value])).toEqual([
      ['2025-11-01', 0],
      ['2025-12-01', 0],
      ['2026-01-01', 7],
      ['2026-02-01', 0],
    ]);
  });

  it('begins thirty days or twelve months ago', () => {
    expect(beginningOf('2026-03-01', 'day')).toBe('2026-01-31');
    expect(beginningOf('2026-03-31', 'month')).toBe('2025-04-01');
  });

  it('says a cost that nobody knows as unknown, never as nothing', () => {
    expect(costWords(part('m', { unknown_cost_count: 1 }))).toBe('unknown');
    expect(costWords(part('m', { total_cost_usd: 1.5, unknown_cost_count: 1, attempts_count: 3 }))).toBe('$1.50 + 1 unknown');
    expect(costWords(part('m'))).toBe('$0.00');
    expect(daysOf([part('2026-03-01', { unknown_cost_count: 1 })], '2026-03-01', '2026-03-01', 'cost')[0]?.words).toBe('unknown');
  });
});
