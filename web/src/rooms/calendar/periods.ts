/** Weeks and months that lie behind a day, and which words stand for the values of a field. Pure. */
import { choicesOf, fieldOf, schemaOf, textOf, typesOf } from '../../api/description';
import type { CollectionView, RecordView } from '../../api/types';
import { dayAfter, monthAfter } from './month';

export type Each = 'week' | 'month';

export interface Period {
  from: string;
  /** Its last day. */
  to: string;
}

/** The last `count` weeks (from Monday) or months, the one of `today` among them, the earliest first. */
export function periodsTo(today: string, each: Each, count: number): Period[] {
  if (each === 'month') {
    return Array.from({ length: count }, (_, index) => {
      const month = monthAfter(today.slice(0, 7), index - count + 1);
      return { from: `${month}-01`, to: dayAfter(`${monthAfter(month, 1)}-01`, -1) };
    });
  }
  const monday = dayAfter(today, -((new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7));
  return Array.from({ length: count }, (_, index) => {
    const from = dayAfter(monday, (index - count + 1) * 7);
    return { from, to: dayAfter(from, 6) };
  });
}

/** The most values of a field that are counted apart. */
export const VALUES_MAX = 5;

/** The fields by whose values a count can be parted: those that lists can be narrowed by, with words in them. */
export function partings(view: CollectionView): string[] {
  return view.filters.filter((field) => {
    const schema = schemaOf(view.schema, field);
    if (schema?.format === 'date' || schema?.format === 'date-time' || view.references[field]) return false;
    return choicesOf(schema) !== null || (typesOf(schema).includes('string') && !view.unique.some((it) => it.includes(field)));
  });
}

/** The values that are counted apart: those that are listed, else the most frequent ones of `sample`. */
export function valuesOf(view: CollectionView, field: string, sample: RecordView[]): string[] {
  const listed = choicesOf(schemaOf(view.schema, field));
  if (listed) return listed.map(String).slice(0, VALUES_MAX);
  const counts = new Map<string, number>();
  for (const record of sample) {
    const value = textOf(fieldOf(record.data, field));
    if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, VALUES_MAX)
    .map(([value]) => value);
}
