import { describe, expect, it } from 'vitest';

import type { ConfigurationChange, ConfigurationFault, ConfigurationLine } from '../../api/types';
import { around, grouped, lineDiff, placeIn, told } from './lines';

describe('a place in a text', () => {
  it('is where its line and column begin', () => {
    const text = 'name: a\nweight: 30\n';
    expect([placeIn(text, 1, 1), placeIn(text, 2, 9), placeIn(text, 2, 90)]).toEqual([0, 16, 18]);
  });

  it('is the end of a text that is shorter', () => {
    expect(placeIn('a', 9, 1)).toBe(1);
  });
});

describe('what came of a change', () => {
  const fault = (more: Partial<ConfigurationFault>): ConfigurationFault => ({ file: 'config/llm.yaml', line: 2, column: 3, level: 'warning', code: 'held_back', message: '`providers.openai` has no key', ...more });
  const change = (applied: boolean, faults: ConfigurationFault[]): ConfigurationChange => ({ config: 'llm', version: 3, changed: true, applied, acts: applied ? 'now' : 'next_start', is_valid: true, errors: 0, warnings: faults.length, faults });

  it('is told with what of it does not act', () => {
    expect(told(change(false, [fault({}), fault({ message: 'nor this' }), fault({ code: 'undeclared_document', message: 'beside it' })]))).toEqual({
      text: 'Version 3 is kept, and acts at the next start. Not all of it: `providers.openai` has no key; nor this.',
      tone: 'bad',
    });
  });

  it('is good where all of it acts', () => {
    expect(told(change(true, [fault({ code: 'undeclared_document' })]))).toEqual({ text: 'Version 3 is in force.', tone: 'good' });
    expect(told(change(false, []), 'It').text).toBe('It is kept, and acts at the next start.');
  });
});

describe('two texts', () => {
  const shown = (before: string, after: string) => lineDiff(before, after).map((it) => `${{ same: ' ', gone: '-', new: '+' }[it.kind]}${it.text}`);

  it('differ line by line', () => {
    expect(shown('a\nb\nc\nd\n', 'a\nB\nc\nd\ne\n')).toEqual([' a', '-b', '+B', ' c', ' d', '+e']);
  });

  it('are one only, when the other is not there', () => {
    expect([shown('', 'a\nb'), shown('a', ''), shown('a\n', 'a')]).toEqual([['+a', '+b'], ['-a'], [' a']]);
  });

  it('are shown where they differ, with what is around it', () => {
    const lines = lineDiff('1\n2\n3\n4\n5\n6\n', '1\n2\n3\nfour\n5\n6\n');
    expect(around(lines, 1).map((it) => it?.text ?? '…')).toEqual(['…', '3', '4', 'four', '5', '…']);
  });

  it('are replaced whole when they are very long', () => {
    const many = (letter: string) => Array.from({ length: 1_600 }, (_, at) => `${letter}${at}`).join('\n');
    expect(lineDiff(many('a'), many('b'))).toHaveLength(3_200);
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
