import { describe, expect, it } from 'vitest';

import { rangesOf, verdictOf, verdictWords } from './verdict';

function words(kind: string, fields: object = {}): string {
  const verdict = verdictOf({ verdict: { kind, pages: 0, chars: 0, chars_per_page: 0, ...fields } });
  return verdict ? verdictWords(verdict) : 'none';
}

describe('a verdict', () => {
  it('is none before anybody looked', () => {
    expect(verdictOf({ verdict: null })).toBeNull();
    expect(verdictOf({ verdict: [] })).toBeNull();
  });

  it('says how much text there is', () => {
    expect(words('text', { pages: 12, chars: 25_680, chars_per_page: 2_140.2 })).toBe('Text on 12 pages, about 2,140 characters on each.');
    expect(words('text', { pages: 1, chars: 900, chars_per_page: 900 })).toBe('Text on 1 page, about 900 characters on each.');
    expect(words('text', { chars: 1 })).toBe('Text of 1 character, without pages.');
  });

  it('says why there is none', () => {
    expect(words('image_only', { pages: 3 })).toBe('Pictures only: its 3 pages hold no text.');
    expect(words('image_only', { pages: 1 })).toBe('Pictures only: its 1 page holds no text.');
    for (const kind of ['image_only', 'encrypted', 'empty', 'broken', 'too_long']) expect(words(kind)).not.toContain(kind);
    expect(words('of_tomorrow')).toContain('of_tomorrow');
  });

  it('keeps what should be known although there is text', () => {
    const verdict = verdictOf({ verdict: { kind: 'text', pages: 9, pages_without_text: [4, 5, 6, 9], warnings: [{ code: 'damaged_pages', message: '1 page is damaged.' }] } });
    expect(verdict?.warnings).toEqual([{ code: 'damaged_pages', message: '1 page is damaged.' }]);
    expect(rangesOf(verdict?.pagesWithoutText ?? [])).toBe('4–6, 9');
  });
});

it('numbers that follow each other are one range', () => {
  expect(rangesOf([])).toBe('');
  expect(rangesOf([3])).toBe('3');
  expect(rangesOf([3, 1, 2, 7, 8])).toBe('1–3, 7, 8');
});
