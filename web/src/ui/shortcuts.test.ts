import { describe, expect, it } from 'vitest';

import { isTyping, Matcher, type Press, type Shortcut, spelled } from './shortcuts';

const LIST: Shortcut[] = ['j', 'mod+k', 'g o', 'g j', '?'].map((keys) => ({ keys, about: keys, run: () => undefined }));

function press(key: string, more: Partial<Press> = {}): Press {
  return { key, ctrlKey: false, metaKey: false, altKey: false, target: document.body, ...more };
}

function pressed(...keys: [string, number, Partial<Press>?][]): string | undefined {
  const matcher = new Matcher();
  let found: Shortcut | null = null;
  for (const [key, at, more] of keys) found = matcher.match(press(key, more), LIST, at);
  return found?.keys;
}

describe('a shortcut', () => {
  it('is one key, or one with Ctrl or Cmd', () => {
    expect(pressed(['j', 0])).toBe('j');
    expect(pressed(['k', 0])).toBeUndefined();
    expect(pressed(['k', 0, { ctrlKey: true }])).toBe('mod+k');
    expect(pressed(['K', 0, { metaKey: true }])).toBe('mod+k');
    expect(pressed(['j', 0, { altKey: true }])).toBeUndefined();
  });

  it('may be two keys after one another, if the second follows soon', () => {
    expect(pressed(['g', 0], ['o', 300])).toBe('g o');
    expect(pressed(['g', 0], ['o', 2_000])).toBeUndefined();
  });

  it('of two keys wins over that of one', () => {
    expect(pressed(['g', 0], ['j', 300])).toBe('g j');
    expect(pressed(['g', 0], ['x', 300], ['j', 400])).toBe('j');
  });

  it('rests while one types, save those with Ctrl', () => {
    const field = document.createElement('input');
    expect(pressed(['j', 0, { target: field }])).toBeUndefined();
    expect(pressed(['k', 0, { target: field, ctrlKey: true }])).toBe('mod+k');
  });

  it('does not rest at a check box or a button', () => {
    const box = Object.assign(document.createElement('input'), { type: 'checkbox' });
    expect(isTyping(box)).toBe(false);
    expect(isTyping(document.createElement('button'))).toBe(false);
    expect(isTyping(document.createElement('textarea'))).toBe(true);
  });

  it('is spelled as the keyboard at hand has it', () => {
    expect(spelled('mod+k', true)).toEqual(['⌘', 'K']);
    expect(spelled('g o', false)).toEqual(['g', 'o']);
  });
});
