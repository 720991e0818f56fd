import { describe, expect, it } from 'vitest';

import { changeWords, periodName, score } from './words';

describe('how results went', () => {
  it('is told with the sign of the change, and with a dash where nothing is known', () => {
    expect([changeWords(0.404), changeWords(-0.2), changeWords(0.001), changeWords(null)]).toEqual(['+0.4', '−0.2', '±0', '–']);
    expect([score(3.756), score(null), score(undefined)]).toEqual(['3.76', '–', '–']);
  });

  it('names a week by its first day, a month and a quarter by themselves', () => {
    expect([periodName('2026-10-05', 'week'), periodName('2026-10-01', 'month'), periodName('2026-10-01', 'quarter'), periodName('2026-01-01', 'quarter')]).toEqual(['Oct 5, 2026', 'Oct 2026', 'Q4 2026', 'Q1 2026']);
  });
});
