import { describe, expect, it } from 'vitest';

import type { Json, Schema } from '../../api/types';
import { check } from './check';

function faults(schema: Schema, value: Json): string[] {
  return check(schema, value).map((it) => `${it.pointer} ${it.message}`);
}

const RULES: Schema = {
  type: 'object',
  required: ['order', 'template'],
  additionalProperties: false,
  properties: {
    order: { type: 'string', enum: ['a-first', 'b-first'] },
    template: { type: 'string', minLength: 1, pattern: '^.*\\$\\{(a|b)\\}.*$' },
    format: { type: 'object', additionalProperties: false, properties: { digits: { type: 'integer', minimum: 1, maximum: 4 }, codes: { type: 'object', additionalProperties: { type: 'string', maxLength: 2 } } } },
  },
};

describe('a value', () => {
  it('that fits has no faults', () => {
    expect(faults(RULES, { order: 'a-first', template: '${a}-${b}', format: { digits: 2, codes: { x: 'AB' } } })).toEqual([]);
  });

  it('has all its faults named at once, each at its place', () => {
    expect(faults(RULES, { order: 'c-first', format: { digits: 9, codes: { x: 'ABC' } }, more: 1 })).toEqual([
      '/template This is needed.',
      '/order This must be one of: a-first, b-first.',
      '/format/digits At most 4.',
      '/format/codes/x At most 2 characters; there are 3.',
      '/more `more` is not known here.',
    ]);
  });

  it('of several types may be any of them', () => {
    const schema: Schema = { type: ['string', 'number', 'null'] };
    expect(faults(schema, 4)).toEqual([]);
    expect(faults(schema, null)).toEqual([]);
    expect(faults(schema, true)).toEqual([' This must be text or a number.']);
  });

  it('with a slash in a name has it escaped in the pointer', () => {
    expect(check({ properties: { 'a/b': { type: 'string' } } }, { 'a/b': 1 })[0]?.pointer).toBe('/a~1b');
  });

  it('is not refused for a pattern this browser cannot read', () => {
    expect(faults({ type: 'string', pattern: '(?<' }, 'x')).toEqual([]);
  });

  it('counts characters as people do', () => {
    expect(faults({ type: 'string', maxLength: 2 }, '😀😀')).toEqual([]);
  });
});
