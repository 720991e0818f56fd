import { describe, expect, it } from 'vitest';

import { figureOf, tableOf } from './figures';

describe('what a question found', () => {
  it('is a table, whether its rows are lists or objects', () => {
    const table = { columns: ['topic', 'calls'], rows: [['bills', 4]] };
    expect(tableOf({ columns: ['topic', 'calls'], rows: [['bills', 4]] })).toEqual(table);
    expect(tableOf({ columns: ['topic', 'calls'], rows: [{ calls: 4, topic: 'bills' }] })).toEqual(table);
  });

  it('with one number for each word is drawn as bars', () => {
    expect(figureOf({ columns: ['topic', 'call_count'], rows: [['bills', 4], ['moving', '2']] })).toEqual({
      kind: 'bars',
      label: 'Call count',
      rows: [
        { name: 'bills', value: 4 },
        { name: 'moving', value: 2 },
      ],
    });
  });

  it('with numbers for each day is drawn over time, the earliest first', () => {
    expect(figureOf({ columns: ['month', 'good', 'bad'], rows: [['2026-05', 4, 1], ['2026-04', 2, null]] })).toEqual({
      kind: 'time',
      label: 'Good, Bad',
      days: ['2026-04-01', '2026-05-01'],
      lines: [
        { name: 'Good', values: [2, 4] },
        { name: 'Bad', values: [null, 1] },
      ],
    });
  });

  it('is not drawn where a table says more', () => {
    expect(figureOf({ columns: ['calls'], rows: [[4]] })).toBeNull();
    expect(figureOf({ columns: ['topic', 'summary'], rows: [['a', 'b'], ['c', 'd']] })).toBeNull();
    expect(figureOf({ columns: ['topic', 'change'], rows: [['a', -1], ['b', 2]] })).toBeNull();
    expect(figureOf({ columns: ['day', 'calls'], rows: [['2026-05-01', 1], ['2026-05-01', 2]] })).toBeNull();
  });
});
