/** Sorting as it stands in an address: `name` rises, `-name` falls. */
import type { Sort } from './DataTable';

export function sortOf(text: string | undefined): Sort | null {
  if (!text) return null;
  return text.startsWith('-') ? { column: text.slice(1), descending: true } : { column: text, descending: false };
}

/** A press on a head: rising, falling, as it was. */
export function nextSort(text: string | undefined, column: string): string | undefined {
  if (text === column) return `-${column}`;
  return text === `-${column}` ? undefined : column;
}
