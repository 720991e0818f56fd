/**
 * The logic of a table that is read by cursor: which rows are there, when to read on, what to say of it.
 *
 * Pure. A row that slipped from one page to the next while somebody inserted is shown once.
 */
import type { InfiniteData } from '@tanstack/react-query';

import type { Page } from '../../api/types';

export type Pages<T> = InfiniteData<Page<T>, unknown>;

/** All rows read so far, each once, in order. */
export function rowsOf<T extends { id: string }>(pages: Pages<T> | undefined): T[] {
  if (!pages) return [];
  const seen = new Set<string>();
  return pages.pages.flatMap((page) =>
    page.items.filter((it) => {
      if (seen.has(it.id)) return false;
      seen.add(it.id);
      return true;
    }),
  );
}

/** How many rows there are in all, if the server counted them. */
export function totalOf<T>(pages: Pages<T> | undefined): number | null {
  return pages?.pages[0]?.total ?? null;
}

export interface Reading {
  /** Index of the last row on the screen. */
  last: number;
  loaded: number;
  hasMore: boolean;
  isReading: boolean;
  failed: boolean;
}

/** Rows ahead of the screen at which the next page is read: about three screens. */
export const AHEAD = 80;

/** Is it time for the next page? Never while one is on its way, and not by itself after a failure. */
export function shouldReadOn({ last, loaded, hasMore, isReading, failed }: Reading): boolean {
  return hasMore && !isReading && !failed && last >= loaded - AHEAD;
}

/** `200 of 10,412 items`, `12 items`. */
export function countWords(loaded: number, total: number | null, hasMore: boolean, noun: string, plural: string): string {
  const name = (count: number) => (count === 1 ? noun : plural);
  if (total !== null && total > loaded) return `${loaded.toLocaleString('en')} of ${total.toLocaleString('en')} ${plural} read`;
  if (hasMore) return `${loaded.toLocaleString('en')} ${plural} read, more follow`;
  return `${loaded.toLocaleString('en')} ${name(loaded)}`;
}

/** The same pages with one row replaced: a change shows at once, without reading 50 pages again. */
export function withRow<T extends { id: string }>(pages: Pages<T>, row: T): Pages<T> {
  return { ...pages, pages: pages.pages.map((page) => ({ ...page, items: page.items.map((it) => (it.id === row.id ? row : it)) })) };
}

/** The same pages without one row. */
export function withoutRow<T extends { id: string }>(pages: Pages<T>, id: string): Pages<T> {
  return {
    ...pages,
    pages: pages.pages.map((page) => ({
      ...page,
      items: page.items.filter((it) => it.id !== id),
      total: typeof page.total === 'number' && page.items.some((it) => it.id === id) ? page.total - 1 : page.total,
    })),
  };
}

/** Where the keyboard goes from row `at`: null when the key is not one of ours. */
export function rowAfter(key: string, at: number, count: number, screen: number): number | null {
  const clamp = (index: number) => Math.max(0, Math.min(count - 1, index));
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return clamp(at + 1);
    case 'ArrowUp':
    case 'k':
      return clamp(at - 1);
    case 'PageDown':
      return clamp(at + screen);
    case 'PageUp':
      return clamp(at - screen);
    case 'Home':
      return 0;
    case 'End':
      return clamp(count - 1);
    default:
      return null;
  }
}
