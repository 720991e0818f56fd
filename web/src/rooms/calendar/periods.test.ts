import { describe, expect, it } from 'vitest';

import type { CollectionView, RecordView } from '../../api/types';
import { partings, periodsTo, valuesOf } from './periods';

const view = {
  filters: ['at', 'topic', 'mood', 'number'],
  unique: [['number']],
  references: {},
  schema: { properties: { at: { type: 'string', format: 'date-time' }, topic: { type: 'string' }, mood: { enum: ['good', 'bad', null] }, number: { type: 'string' } } },
} as unknown as CollectionView;

describe('a time that is looked back on', () => {
  it('ends with the week of today', () => {
    expect(periodsTo('2026-04-30', 'week', 2)).toEqual([
      { from: '2026-04-20', to: '2026-04-26' },
      { from: '2026-04-27', to: '2026-05-03' },
    ]);
  });

  it('ends with the month of today', () => {
    expect(periodsTo('2026-01-31', 'month', 2)).toEqual([
      { from: '2025-12-01', to: '2025-12-31' },
      { from: '2026-01-01', to: '2026-01-31' },
    ]);
  });
});

describe('a count', () => {
  it('is parted by fields with words, not by days, and not by what is of each record alone', () => {
    expect(partings(view)).toEqual(['topic', 'mood']);
  });

  it('knows the values that are listed, and else the most frequent ones', () => {
    const sample = ['bills', 'moving', 'bills', null].map((topic) => ({ data: { topic } }) as unknown as RecordView);
    expect(valuesOf(view, 'mood', [])).toEqual(['good', 'bad']);
    expect(valuesOf(view, 'topic', sample)).toEqual(['bills', 'moving']);
  });
});
