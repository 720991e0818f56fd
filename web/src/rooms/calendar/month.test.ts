import { describe, expect, it } from 'vitest';

import type { RecordView } from '../../api/types';
import { byDay, dated, dayOf, monthAfter, monthOf, narrowedTo, weeksOf } from './month';

const record = (id: string, data: RecordView['data']) => ({ id, data }) as RecordView;
const ride = { field: 'starts_on', end: 'ends_on', isDay: true };

describe('a month', () => {
  it('is shown in whole weeks that begin on Mondays', () => {
    const weeks = weeksOf('2026-04');
    expect(weeks.map((it) => it[0])).toEqual(['2026-03-30', '2026-04-06', '2026-04-13', '2026-04-20', '2026-04-27']);
    expect(weeks.every((it) => it.length === 7)).toBe(true);
    expect(weeksOf('2026-02').length).toBe(5);
    expect(weeksOf('2027-02').length).toBe(4);
  });

  it('is the one in the address, else that of today, and leads over the turn of the year', () => {
    expect(monthOf('2026-12', '2027-01-05')).toBe('2026-12');
    expect(monthOf('2026-13', '2027-01-05')).toBe('2027-01');
    expect(monthAfter('2026-12', 1)).toBe('2027-01');
    expect(monthAfter('2026-01', -1)).toBe('2025-12');
  });
});

describe('a record in a calendar', () => {
  it('lies on each of its days', () => {
    const days = byDay(dated([record('a', { starts_on: '2026-04-30', ends_on: '2026-05-02' }), record('b', { starts_on: '2026-05-01' }), record('c', {})], ride));
    expect([...days].map(([day, all]) => [day, all.map((it) => it.record.id)])).toEqual([
      ['2026-04-30', ['a']],
      ['2026-05-01', ['a', 'b']],
      ['2026-05-02', ['a']],
    ]);
  });

  it('that ends before it begins lies on its first day', () => {
    expect(dated([record('a', { starts_on: '2026-05-04', ends_on: '2026-05-01' })], ride)[0]?.last).toBe('2026-05-04');
  });

  it('has no day when its field holds none', () => {
    expect([dayOf(null, true), dayOf('soon', true), dayOf('soon', false), dayOf(4, true)]).toEqual([null, null, null, null]);
    expect(dayOf('2026-04-30T10:00:00', false)).toBe('2026-04-30');
  });

  it('is asked for by the fields that lists can be narrowed by, and by no other', () => {
    expect(narrowedTo(ride, ['starts_on', 'ends_on'], '2026-04-01', '2026-04-30')).toEqual({ 'ends_on from': '2026-04-01', 'starts_on to': '2026-04-30' });
    expect(narrowedTo(ride, ['starts_on'], '2026-04-01', '2026-04-30')).toEqual({ 'starts_on from': '2026-04-01', 'starts_on to': '2026-04-30' });
    expect(narrowedTo(ride, [], '2026-04-01', '2026-04-30')).toEqual({});
    expect(narrowedTo({ field: 'at', end: null, isDay: false }, ['at'], '2026-04-01', '2026-04-30')).toEqual({ 'at from': '2026-03-31T00:00:00Z', 'at to': '2026-05-02T00:00:00Z' });
  });
});
