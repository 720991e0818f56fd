import { describe, expect, it } from 'vitest';

import type { ResultView } from '../../api/types';
import { overallOf, readingOf, runsOf } from './reading';

const TEXT = '🙂 We ask for two people. It pays.';
const result = {
  id: 'r',
  task: 'grade',
  submission: null,
  text: TEXT,
  version: 1,
  status: 'completed',
  progress: 100,
  tokens_in: 40,
  overall_score: 3.8,
  strengths: ['Short.'],
  rubric_scores: { structure: { score: 4, justification: 'It has one.' }, risks: { score: 2, justification: 'None are named.' } },
  segment_feedback: [
    { segment: 'We ask for two people.', comment: 'For how long?', questions: ['Who are they?'], start: 2, end: 24 },
    { segment: 'Not in it', comment: 'Hm.', start: null, end: null },
  ],
} as unknown as ResultView;
const schema = { properties: { strengths: { title: 'What is good' }, rubric_scores: { additionalProperties: { properties: { score: { type: 'integer', minimum: 1, maximum: 5 }, justification: { type: 'string' } } } } } };

describe('a result', () => {
  it('is read by the shape of its fields, and called as its schema calls them', () => {
    const reading = readingOf(result, schema, ['overall_score']);
    expect(reading.overall).toEqual({ title: 'Overall score', value: 3.8 });
    expect(reading.lists).toEqual([{ title: 'What is good', items: ['Short.'] }]);
    expect(reading.criteria).toEqual([
      {
        title: 'Rubric scores',
        least: 1,
        most: 5,
        entries: [
          { key: 'structure', name: 'Structure', score: 4, note: 'It has one.' },
          { key: 'risks', name: 'Risks', score: 2, note: 'None are named.' },
        ],
      },
    ]);
    expect(reading.passages).toEqual([
      { quote: 'We ask for two people.', place: { start: 2, end: 24 }, comment: 'For how long?', lists: [{ title: 'Questions', items: ['Who are they?'] }] },
      { quote: 'Not in it', place: null, comment: 'Hm.', lists: [] },
    ]);
    expect(overallOf(result, [])).toBe(3.8);
  });

  it('that is not made yet has nothing to say', () => {
    expect(readingOf({ id: 'r', status: 'queued', tokens_in: 3 } as unknown as ResultView, undefined, [])).toEqual({ overall: null, texts: [], lists: [], criteria: [], passages: [] });
  });
});

describe('the passages of a text', () => {
  it('are where their characters are, though JavaScript counts some of them twice', () => {
    const runs = runsOf(TEXT, [{ place: { start: 2, end: 24 } }, { place: null }]);
    expect(runs.map((it) => [it.text, it.of])).toEqual([
      ['🙂 ', []],
      ['We ask for two people.', [0]],
      [' It pays.', []],
    ]);
  });

  it('may lie over one another, and beyond the end', () => {
    expect(runsOf('abcdef', [{ place: { start: 0, end: 4 } }, { place: { start: 2, end: 90 } }]).map((it) => [it.text, it.of])).toEqual([
      ['ab', [0]],
      ['cd', [0, 1]],
      ['ef', [1]],
    ]);
  });
});
