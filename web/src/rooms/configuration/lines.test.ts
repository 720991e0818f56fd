import { describe, expect, it } from 'vitest';

import type { ConfigurationLine } from '../../api/types';
import { grouped, placeIn } from './lines';

describe('a place in a text', () => {
  it('is where its line and column begin', () => {
    const text = 'name: a\nweight: 30\n';
    expect([placeIn(text, 1, 1), placeIn(text, 2, 9), placeIn(text, 2, 90)]).toEqual([0, 16, 18]);
  });

  it('is the end of a text that is shorter', () => {
    expect(placeIn('a', 9, 1)).toBe(1);
  });
});

describe('the documents', () => {
  it('stand in their groups, those of none last, and groups without any are left out', () => {
    const line = (name: string, category: ConfigurationLine['category']) => ({ name, category }) as ConfigurationLine;
    const groups = grouped([line('llm', 'infrastructure'), line('odd', null), line('rubric', 'business_logic')]);
    expect(groups.map((it) => [it.title, it.documents.map((document) => document.name)])).toEqual([
      ['Business logic', ['rubric']],
      ['Infrastructure', ['llm']],
      ['Others', ['odd']],
    ]);
  });
});
