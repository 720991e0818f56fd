import { describe, expect, it } from 'vitest';

import { joined, pageAt, type Part, piecesOf, placeOf } from './passage';

const PAGES = [
  { page: 1, start_char: 0, end_char: 5 },
  { page: 2, start_char: 7, end_char: 12 },
  { page: 3, start_char: 14, end_char: 14 },
];

function part(content: string, from_char = 0, pages = PAGES, chars = 14): Part {
  return { content, from_char, pages, chars };
}

/** Pieces as one line each: the page, then its runs, the marked ones in brackets. */
function drawn(given: Part, from?: number, to?: number): string[] {
  return piecesOf(given, placeOf({ from, to })).map((piece) => `${piece.page ?? '-'}@${piece.start} ${piece.runs.map((it) => (it.isMarked ? `[${it.text}]` : it.text)).join('')}`);
}

describe('a place in an address', () => {
  it('is a passage only when it begins before it ends', () => {
    expect(placeOf({ from: 3, to: 9 })).toEqual({ from: 3, to: 9 });
    expect(placeOf({ from: 9, to: 9 })).toBeNull();
    expect(placeOf({ from: 3 })).toBeNull();
    expect(placeOf({})).toBeNull();
  });
});

describe('a text', () => {
  const text = 'first, second. ';

  it('is cut where its pages begin, and an empty last page is not lost', () => {
    expect(drawn(part(text.slice(0, 14)))).toEqual(['1@0 first, ', '2@7 second.', '3@14 ']);
  });

  it('without pages is one piece', () => {
    expect(drawn(part('all of it', 0, [], 9))).toEqual(['-@0 all of it']);
    expect(drawn(part('', 0, [], 0))).toEqual(['-@0 ']);
  });

  it('has its passage marked, across pages too', () => {
    expect(drawn(part(text.slice(0, 14)), 2, 9)).toEqual(['1@0 fi[rst, ]', '2@7 [se]cond.', '3@14 ']);
    expect(drawn(part(text.slice(0, 14)), 7, 13)).toEqual(['1@0 first, ', '2@7 [second].', '3@14 ']);
  });

  it('marks nothing when the passage lies elsewhere', () => {
    expect(drawn(part(text.slice(0, 14)), 90, 99).join('')).not.toContain('[');
  });

  it('counts characters as Unicode does', () => {
    const wide = '👷🏽 𝒜 gate';
    const at = Array.from(wide).indexOf('g');
    expect(drawn(part(wide, 0, [], Array.from(wide).length), at, at + 4)).toEqual(['-@0 👷🏽 𝒜 [gate]']);
  });

  it('that begins in the middle of a page goes on from before', () => {
    expect(drawn(part('st, second', 3), 3, 5)).toEqual(['-@3 [st], ', '2@7 second']);
  });

  it('read in parts is one text', () => {
    const whole = joined([part('first, sec'), part('ond.', 10)]);
    expect(whole && drawn(whole, 8, 11)).toEqual(['1@0 first, ', '2@7 s[eco]nd.', '3@14 ']);
    expect(joined([])).toBeNull();
  });
});

it('a place lies on the last page that begins before it', () => {
  expect(pageAt(PAGES, 0)).toBe(1);
  expect(pageAt(PAGES, 6)).toBe(1);
  expect(pageAt(PAGES, 13)).toBe(2);
  expect(pageAt([], 13)).toBeNull();
});
