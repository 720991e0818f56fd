/**
 * Reading the description of an application: which collections stand where, what things are called.
 *
 * Pure functions. The pages know an application only through these.
 */
import type { AppView, CollectionView, Json, JsonObject, RecordView, Schema, TaskView } from './types';

export interface Named<T> {
  name: string;
  view: T;
}

/**
 * The collections of the side navigation, in the order of `pages`, then the others that stand alone. What is
 * private to whoever made it has pages of its own.
 */
export function shelves(app: AppView): (Named<CollectionView> & { title: string })[] {
  const stands = (name: string) => app.collections[name]?.private === false;
  const listed = app.pages.map((it) => it.collection).filter(stands);
  const others = Object.keys(app.collections).filter((name) => stands(name) && !app.collections[name]?.parent && !listed.includes(name));
  return [...new Set([...listed, ...others])].flatMap((name) => {
    const view = app.collections[name];
    if (!view) return [];
    const title = app.pages.find((it) => it.collection === name)?.title ?? capital(view.plural);
    return [{ name, view, title }];
  });
}

/** The collections whose records lie in records of `parent`, without the one that its versions hold. */
export function inside(app: AppView, parent: string): Named<CollectionView>[] {
  const versioned = app.collections[parent]?.versioned?.children;
  return Object.entries(app.collections)
    .filter(([name, view]) => view.parent === parent && name !== versioned)
    .map(([name, view]) => ({ name, view }));
}

/** The collection that says how a list is read into records of `name`, if it can be. */
export function importOf(app: AppView, name: string): CollectionView['import'] {
  const view = app.collections[name];
  if (!view) return null;
  return (view.versioned ? app.collections[view.versioned.children]?.import : view.import) ?? null;
}

/** The tasks a person may run on a record of `collection`: on itself, or on what its versions hold. */
export function tasksOn(app: AppView, collection: string): Named<TaskView>[] {
  const children = app.collections[collection]?.versioned?.children;
  return Object.entries(app.tasks)
    .filter(([, task]) => task.run !== null && (task.on === collection || task.on === children))
    .map(([name, view]) => ({ name, view }));
}

export interface Grading {
  name: string;
  view: TaskView;
  /** The collection of texts that are handed in, and the field with the text. */
  of: string;
  text: string;
  /** The collection of what comes of them. */
  into: string;
}

/** The tasks that make a result of a text that somebody hands in. */
export function gradingOf(app: AppView): Grading[] {
  return Object.entries(app.tasks).flatMap(([name, view]) => (view.result !== null && view.text !== null ? [{ name, view, of: view.on, text: view.text, into: view.result }] : []));
}

export interface DateField {
  field: string;
  /** The field of the last day, when there is one. */
  end: string | null;
  /** A day, not a moment. */
  isDay: boolean;
}

const BEGINS = /start|begin|from/;
const ENDS = ['end', 'end', 'to'];

/** The fields of a collection that hold a day or a moment: the one it is ordered by first. */
export function datesOf(view: CollectionView): DateField[] {
  const fields = Object.entries(view.schema.properties ?? {}).filter(([, it]) => it.format === 'date' || it.format === 'date-time');
  const names = fields.map(([name]) => name);
  const order = view.order?.replace(/^-/, '');
  const endOf = (name: string) => {
    const stem = BEGINS.exec(name)?.[0];
    const end = stem && name.replace(stem, ENDS[['start', 'begin', 'from'].indexOf(stem)] ?? '');
    return (end && names.find((it) => it === end)) || null;
  };
  return fields
    .map(([field, schema]) => ({ field, end: endOf(field), isDay: schema.format === 'date' }))
    .sort((a, b) => Number(b.field === order) - Number(a.field === order) || Number(b.end !== null) - Number(a.end !== null));
}

/**
 * The collection whose record a field of a form names. Said by the description, else read off the
 * name: `rule_id` names a record of the collection whose noun is "rule".
 */
export function referenceOf(app: AppView, given: Record<string, string> | undefined, field: string): string | null {
  const said = given?.[field];
  if (said) return app.collections[said] ? said : null;
  const stem = /^(.+)_id$/.exec(field)?.[1];
  if (!stem) return null;
  const found = Object.entries(app.collections).find(([name, view]) => name === stem || snake(view.noun) === stem || snake(view.plural) === stem);
  return found?.[0] ?? null;
}

/** What people call this record. */
export function titleOf(collection: CollectionView | undefined, record: Pick<RecordView, 'data' | 'id'>): string {
  const value = collection ? fieldOf(record.data, collection.title) : undefined;
  return value === undefined || value === null || value === '' ? record.id : textOf(value);
}

/** Reaches into objects: `metadata.unit`. */
export function fieldOf(data: JsonObject, path: string): Json | undefined {
  let here: Json | undefined = data;
  for (const part of path.split('.')) {
    if (typeof here !== 'object' || here === null || Array.isArray(here)) return undefined;
    here = here[part];
  }
  return here;
}

/** The schema of a field, reached the same way. */
export function schemaOf(schema: Schema | undefined, path: string): Schema | undefined {
  return path.split('.').reduce<Schema | undefined>((here, part) => {
    if (!here) return undefined;
    return here.properties?.[part] ?? (typeof here.additionalProperties === 'object' ? here.additionalProperties : undefined);
  }, schema);
}

/** What people call a field: the schema's title, else its name made readable. */
export function labelOf(schema: Schema | undefined, path: string): string {
  return schemaOf(schema, path)?.title ?? readable(path.split('.').at(-1) ?? path);
}

/** The values a field can have, when they are listed. */
export function choicesOf(schema: Schema | undefined): Exclude<Json, Json[] | JsonObject>[] | null {
  if (schema?.enum) return schema.enum.filter((it) => it !== null && typeof it !== 'object');
  if (typesOf(schema).includes('boolean') && typesOf(schema).length === 1) return [true, false];
  return null;
}

/** The types a schema allows, without null. */
export function typesOf(schema: Schema | undefined): string[] {
  const given = schema?.type === undefined ? [] : [schema.type].flat();
  return given.filter((it) => it !== 'null');
}

/** A value as one line of text. */
export function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** `all_year` → `All year`, `ai_services` → `AI services`. */
export function readable(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim();
  return capital(words.replace(/\b(ai|api|csv|html|id|json|llm|pdf|sql|url)\b/g, (it) => it.toUpperCase()));
}

/** Only the first letter: the rest may be a name with capitals of its own. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `3 items`, `1 item`. */
export function counted(count: number, noun: string, plural: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** `a rule`, `an item`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}

function snake(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '_');
}
