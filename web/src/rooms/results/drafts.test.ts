import { describe, expect, it } from 'vitest';

import { type Draft, draftIn, draftKey, keepDraft, lengthOf } from './drafts';

function storage(full = false) {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (full) throw new Error('full');
      kept.set(key, value);
    },
    removeItem: (key: string) => void kept.delete(key),
  };
}

const draft: Draft = { text: 'We ask for two people.', at: '2026-04-30T10:00:00Z', previous: 'r1' };

describe('a draft', () => {
  it('is there again, for the same person and task', () => {
    const browser = storage();
    expect(keepDraft(browser, draftKey('ada', 'grade'), draft)).toBe(true);
    expect(draftIn(browser, draftKey('ada', 'grade'))).toEqual(draft);
    expect(draftIn(browser, draftKey('jonas', 'grade'))).toBeNull();
  });

  it('is gone when its text is', () => {
    const browser = storage();
    keepDraft(browser, 'x', draft);
    keepDraft(browser, 'x', { ...draft, text: ' ' });
    expect(browser.kept.size).toBe(0);
  });

  it('that cannot be kept or read is told, and breaks nothing', () => {
    expect(keepDraft(storage(true), 'x', draft)).toBe(false);
    const browser = storage();
    browser.kept.set('x', '{"text":');
    browser.kept.set('y', '[1]');
    expect([draftIn(browser, 'x'), draftIn(browser, 'y')]).toEqual([null, null]);
  });
});

describe('the length of a text', () => {
  it('counts what people take for characters, without the room around', () => {
    expect(lengthOf(' 🙂🙂 ', 1, 10)).toMatchObject({ chars: 2, fault: null });
  });

  it('can be too short and too long, but for an empty one', () => {
    expect([lengthOf('', 10, 20), lengthOf('short', 10, 20), lengthOf('x'.repeat(21), 10, 20), lengthOf('x'.repeat(21), 10, null)].map((it) => it.fault)).toEqual([null, 'short', 'long', null]);
  });
});
