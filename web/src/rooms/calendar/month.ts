/**
 * Days of a month as a calendar shows them, and which records lie on which day.
 *
 * Pure. Days are texts (`2026-04-30`), so that no time zone moves them; a moment lies on the day that it has
 * where the reader is.
 */
import { fieldOf, type DateField } from '../../api/description';
import type { RecordView } from '../../api/types';

export interface Dated {
  record: RecordView;
  first: string;
  /** The last day, the same as the first for most. */
  last: string;
}

/** A record of many days is drawn on so many of them at most. */
const DAYS_MAX = 31;

/** `2026-04` of whatever begins so; the month of `today` when it is none. */
export function monthOf(text: string | undefined, today: string): string {
  return text && /^\d{4}-(0[1-9]|1[0-2])$/.test(text) ? text : today.slice(0, 7);
}

export function monthAfter(month: string, steps: number): string {
  const date = new Date(`${month}-01T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + steps);
  return date.toISOString().slice(0, 7);
}

export function dayAfter(day: string, steps = 1): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + steps);
  return date.toISOString().slice(0, 10);
}

/** The weeks of a month, Monday first, whole: the first and the last may begin and end in other months. */
export function weeksOf(month: string): string[][] {
  const first = `${month}-01`;
  const weekday = (new Date(`${first}T00:00:00Z`).getUTCDay() + 6) % 7;
  const weeks: string[][] = [];
  for (let day = dayAfter(first, -weekday); day.slice(0, 7) <= month; ) {
    const week = Array.from({ length: 7 }, (_, index) => dayAfter(day, index));
    weeks.push(week);
    day = dayAfter(day, 7);
  }
  return weeks;
}

/** The day of a value; none when it holds none. */
export function dayOf(value: unknown, isDay: boolean): string | null {
  if (typeof value !== 'string') return null;
  if (isDay) return /^\d{4}-\d{2}-\d{2}/.exec(value)?.[0] ?? null;
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return null;
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`;
}

/** The records with a day, the earliest first. */
export function dated(records: RecordView[], { field, end, isDay }: DateField): Dated[] {
  return records
    .flatMap((record) => {
      const first = dayOf(fieldOf(record.data, field), isDay);
      if (!first) return [];
      const last = end ? dayOf(fieldOf(record.data, end), isDay) : null;
      return [{ record, first, last: last && last > first ? last : first }];
    })
    .sort((a, b) => a.first.localeCompare(b.first));
}

/** What lies on each day: something of several days lies on each of them. */
export function byDay(all: Dated[]): Map<string, Dated[]> {
  const days = new Map<string, Dated[]>();
  for (const it of all) {
    let day = it.first;
    for (let count = 0; day <= it.last && count < DAYS_MAX; count++) {
      const there = days.get(day);
      if (there) there.push(it);
      else days.set(day, [it]);
      day = dayAfter(day);
    }
  }
  return days;
}

/** How a list is narrowed to what may touch these days, as far as the collection can be narrowed by them. */
export function narrowedTo({ field, end, isDay }: DateField, filters: string[], from: string, to: string): Record<string, string> {
  const last = end && filters.includes(end) ? end : field;
  // A moment may lie on another day elsewhere: one day more on both sides, and `byDay` decides.
  const first = isDay ? from : `${dayAfter(from, -1)}T00:00:00Z`;
  const until = isDay ? to : `${dayAfter(to, 2)}T00:00:00Z`;
  return {
    ...(filters.includes(last) ? { [`${last} from`]: first } : {}),
    ...(filters.includes(field) ? { [`${field} to`]: until } : {}),
  };
}
