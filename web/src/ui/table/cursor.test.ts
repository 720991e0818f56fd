import { describe, expect, it } from 'vitest';

import type { Page } from '../../api/types';
import { AHEAD, countWords, type Pages, rowAfter, rowsOf, shouldReadOn, totalOf, withoutRow, withRow } from './cursor';

interface Row {
  id: string;
  name?: string;
}

function pages(...lists: string[][]): Pages<Row> {
  const all: Page<Row>[] = lists.map((ids, index) => ({ items: ids.map((id) => ({ id })), next_cursor: index < lists.length - 1 ? String(index) : null, prev_cursor: null, total: 5 }));
  return { pages: all, pageParams: lists.map((_, index) => (index === 0 ? undefined : String(index - 1))) };
}

describe('rows read by cursor', () => {
  it('are shown once though one slipped from a page to the next', () => {
    expect(rowsOf(pages(['a', 'b'], ['b', 'c'])).map((it) => it.id)).toEqual(['a', 'b', 'c']);
  });

  it('are none before the first page', () => {
    expect(rowsOf(undefined)).toEqual([]);
    expect(totalOf(undefined)).toBeNull();
  });

  it('show a change without reading anything again', () => {
    const changed = withRow(pages(['a', 'b'], ['c']), { id: 'c', name: 'new' });
    expect(rowsOf(changed).at(-1)).toEqual({ id: 'c', name: 'new' });
  });

  it('lose a deleted one, and the count with it', () => {
    const left = withoutRow(pages(['a', 'b'], ['c']), 'a');
    expect(rowsOf(left).map((it) => it.id)).toEqual(['b', 'c']);
    expect(totalOf(left)).toBe(4);
  });
});

describe('the next page', () => {
  const calm = { last: 190, loaded: 200, hasMore: true, isReading: false, failed: false };

  it('is read before the last row comes into sight', () => {
    expect(shouldReadOn({ ...calm, last: 200 - AHEAD })).toBe(true);
    expect(shouldReadOn({ ...calm, last: 199 - AHEAD })).toBe(false);
  });

  it('is not asked for twice, not after the last one, and not by itself after a failure', () => {
    expect(shouldReadOn({ ...calm, isReading: true })).toBe(false);
    expect(shouldReadOn({ ...calm, hasMore: false })).toBe(false);
    expect(shouldReadOn({ ...calm, failed: true })).toBe(false);
  });
});

describe('the count', () => {
  it('says how much of it has been read', () => {
    expect(countWords(200, 10_412, true, 'item', 'items')).toBe('200 of 10,412 items read');
    expect(countWords(200, null, true, 'item', 'items')).toBe('200 items read, more follow');
    expect(countWords(1, 1, false, 'item', 'items')).toBe('1 item');
  });
});

describe('the keyboard', () => {
  it('moves between rows and stops at the ends', () => {
    expect(rowAfter('ArrowDown', 3, 5, 10)).toBe(4);
    expect(rowAfter('ArrowDown', 4, 5, 10)).toBe(4);
    expect(rowAfter('k', 0, 5, 10)).toBe(0);
    expect(rowAfter('PageDown', 0, 500, 10)).toBe(10);
    expect(rowAfter('End', 0, 500, 10)).toBe(499);
    expect(rowAfter('a', 0, 500, 10)).toBeNull();
  });
});
