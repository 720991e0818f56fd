import { describe, expect, it } from 'vitest';

import { datesOf, fieldOf, gradingOf, importOf, inside, labelOf, readable, referenceOf, shelves, tasksOn, textOf } from './description';
import type { AppView, CollectionView, TaskView } from './types';

function collection(noun: string, more: Partial<CollectionView> = {}): CollectionView {
  return { noun, plural: `${noun}s`, title: 'name', columns: [], filters: [], sorts: [], order: null, schema: {}, parent: null, shared: false, private: false, archived: false, searchable: false, unique: [], versioned: null, import: null, export: null, references: {}, documents: {}, ...more };
}

function task(on: string, run: TaskView['run']): TaskView {
  return { title: on, about: '', on, run, input: null, makes: null, proposes: null, has_fallback: false, text: null, result: null, computed: [] };
}

const limits = { formats: ['csv'], max_bytes: 1, max_rows: 1, columns: {}, required: [] };
const app: AppView = {
  app: 'x',
  title: 'X',
  about: '',
  version: '1',
  prefix: '',
  tenants: null,
  roles: {},
  collections: {
    boxes: collection('box', { plural: 'boxes', versioned: { children: 'things' } }),
    things: collection('thing', { parent: 'boxes', import: limits }),
    notes: collection('note', { parent: 'boxes' }),
    house_rules: collection('house rule'),
    hidden: collection('hidden', { parent: 'notes' }),
    letters: collection('letter', { private: true }),
    marks: collection('mark', { parent: 'letters', private: true }),
  },
  tasks: { sort: task('things', 'job'), ask: task('boxes', 'now'), step: task('things', null), other: task('notes', 'job'), grade: { ...task('letters', null), text: 'body', result: 'marks' } },
  assistants: {},
  questions: {},
  progress: {},
  reports: {},
  sources: [],
  lookups: [],
  schedules: [],
  languages: ['en'],
  has_deprecations: false,
  sign_up: false,
  sign_in: 'email',
  uploads: { enabled: true, bytes_max: 5_242_880, kinds: ['pdf'] },
  webhook_events: [],
  pages: [{ collection: 'house_rules', title: 'The rules' }, { collection: 'gone', title: null }],
  model: { complete: null, embed: null },
};

describe('a description', () => {
  it('puts the named pages first, then what stands alone, and nothing that is not there', () => {
    expect(shelves(app).map((it) => it.title)).toEqual(['The rules', 'Boxes']);
  });

  it('tells what lies in a record beside what its versions hold', () => {
    expect(inside(app, 'boxes').map((it) => it.name)).toEqual(['notes']);
  });

  it('offers the tasks on a record and on what its versions hold, without those that are only a step', () => {
    expect(tasksOn(app, 'boxes').map((it) => it.name)).toEqual(['sort', 'ask']);
  });

  it('finds how a versioned collection is read in at its children', () => {
    expect(importOf(app, 'boxes')).toBe(limits);
    expect(importOf(app, 'house_rules')).toBeNull();
  });

  it('knows which record a field names, said or told by its name', () => {
    expect(referenceOf(app, { where: 'boxes' }, 'where')).toBe('boxes');
    expect(referenceOf(app, undefined, 'house_rule_id')).toBe('house_rules');
    expect(referenceOf(app, undefined, 'box_id')).toBe('boxes');
    expect(referenceOf(app, undefined, 'valid')).toBeNull();
    expect(referenceOf(app, { x: 'gone' }, 'x')).toBeNull();
  });
});

describe('what is handed in and graded', () => {
  it('is no list of records for everybody, and is known by its task', () => {
    expect(shelves(app).map((it) => it.name)).not.toContain('letters');
    expect(gradingOf(app).map((it) => [it.name, it.text, it.of])).toEqual([['grade', 'body', 'letters']]);
  });
});

describe('a field', () => {
  it('is reached through objects', () => {
    expect(fieldOf({ metadata: { unit: 'EA' } }, 'metadata.unit')).toBe('EA');
    expect(fieldOf({ metadata: null }, 'metadata.unit')).toBeUndefined();
  });

  it('is called by its title, else by its name made readable', () => {
    const schema = { properties: { metadata: { properties: { unit: { title: 'Unit of sale' } } } } };
    expect(labelOf(schema, 'metadata.unit')).toBe('Unit of sale');
    expect(labelOf(schema, 'metadata.pipe_size')).toBe('Pipe size');
    expect(readable('ai_services')).toBe('AI services');
  });

  it('that holds a day or a time can be laid out in a calendar, from its beginning to its end', () => {
    const schema = { properties: { ends_on: { type: 'string', format: 'date' }, starts_on: { type: ['string', 'null'], format: 'date' }, seen_at: { format: 'date-time' }, name: { type: 'string' } } };
    expect(datesOf(collection('ride', { schema, order: 'starts_on' }))).toEqual([
      { field: 'starts_on', end: 'ends_on', isDay: true },
      { field: 'ends_on', end: null, isDay: true },
      { field: 'seen_at', end: null, isDay: false },
    ]);
    expect(datesOf(collection('thing'))).toEqual([]);
  });

  it('is one line of text, whatever it holds', () => {
    expect([null, true, 4, 'x', { a: 1 }].map(textOf)).toEqual(['', 'Yes', '4', 'x', '{"a":1}']);
  });
});
