import { describe, expect, it } from 'vitest';

import { changed, cleaned, fromText, kindOf, startOf } from './plan';

describe('a field', () => {
  it('is drawn as its schema says', () => {
    const kinds = [
      { type: 'string' },
      { type: ['string', 'null'], maxLength: 2000 },
      { enum: ['a', null] },
      { type: 'boolean' },
      { type: ['boolean', 'null'] },
      { type: ['boolean', 'string'] },
      { type: ['string', 'number', 'null'] },
      { type: 'array', items: { enum: ['a'] } },
      { type: 'array', items: { type: 'string' } },
      { type: 'array', items: { type: 'object', properties: { a: {} } } },
      { type: 'object', properties: { a: {} } },
      { type: 'object', additionalProperties: { type: 'string' } },
      { type: 'object' },
      {},
    ].map(kindOf);
    expect(kinds).toEqual(['text', 'long', 'choice', 'boolean', 'choice', 'mixed', 'text', 'choices', 'list', 'rows', 'object', 'map', 'map', 'json']);
  });

  it('that was emptied is null where that is allowed, and left out elsewhere', () => {
    const schema = { properties: { a: { type: ['string', 'null'] }, b: { type: 'string' }, c: { properties: { d: { type: 'string' } } } } };
    expect(cleaned(schema, { a: '', b: '', c: { d: '' } })).toEqual({ a: null, c: {} });
  });

  it('keeps a code with a leading zero as text', () => {
    expect(fromText('04', { type: ['string', 'number'] }, '4')).toBe('04');
    expect(fromText('4', { type: 'integer' }, undefined)).toBe(4);
    expect(fromText('5', {}, 4)).toBe(5);
    expect(fromText('x', {}, 4)).toBe('x');
  });
});

describe('a form', () => {
  it('starts from the defaults', () => {
    expect(startOf({ properties: { a: { default: 3 }, b: { type: 'boolean' }, c: { type: 'object', properties: { d: { default: '-' } } }, e: { type: 'string' } } })).toEqual({ a: 3, b: false, c: { d: '-' } });
  });

  it('sends only what differs, and null for what was emptied', () => {
    expect(changed({ a: 1, b: 'x', c: { d: 1 } }, { a: 1, b: 'y', c: { d: 2 } })).toEqual({ b: 'y', c: { d: 2 } });
    expect(changed({ a: 'x' }, {})).toEqual({ a: null });
    expect(changed({ a: null }, {})).toEqual({});
  });
});
