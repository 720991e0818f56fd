/**
 * What a result says, read by the shape of its fields: a number for all of it, lists of sentences, criteria
 * with their scores, passages of the text with what is said of them. Pure.
 *
 * The application names its fields as it likes; `schema` says what people call them. Places count characters
 * as Unicode does (code points).
 */
import { labelOf, readable, schemaOf } from '../../api/description';
import type { Json, JsonObject, ResultView, Schema } from '../../api/types';

export interface Criterion {
  key: string;
  name: string;
  score: number | null;
  note: string;
}

export interface Criteria {
  title: string;
  entries: Criterion[];
  least: number;
  most: number;
}

export interface PassageNote {
  /** The words of the text that it is about. */
  quote: string;
  /** Where they stand; null when they are not found there. */
  place: { start: number; end: number } | null;
  comment: string;
  lists: { title: string; items: string[] }[];
}

export interface Reading {
  overall: { title: string; value: number } | null;
  texts: { title: string; text: string }[];
  lists: { title: string; items: string[] }[];
  criteria: Criteria[];
  passages: PassageNote[];
}

/** The fields that every result has; what is none of these is the application's. */
const OWN = ['id', 'task', 'submission', 'text', 'version', 'status', 'progress', 'message', 'error', 'language_detection', 'provider', 'model', 'prompt_version', 'tokens_in', 'tokens_out', 'cost_usd', 'processing_time_s', 'debug_enabled', 'created_by', 'created_at', 'completed_at'];

export function readingOf(result: ResultView, schema: Schema | undefined, computed: string[]): Reading {
  const reading: Reading = { overall: null, texts: [], lists: [], criteria: [], passages: [] };
  const fields = Object.entries(result as unknown as JsonObject).filter(([name]) => !OWN.includes(name));
  const overall = [...computed, ...fields.map(([name]) => name)].find((name) => fields.some(([field, value]) => field === name && typeof value === 'number'));
  for (const [name, value] of fields) {
    const title = labelOf(schema, name);
    if (name === overall && typeof value === 'number') reading.overall = { title, value };
    else if (typeof value === 'string' && value) reading.texts.push({ title, text: value });
    else if (isTexts(value)) reading.lists.push({ title, items: value });
    else if (Array.isArray(value)) reading.passages.push(...value.filter(isObject).map((it) => passageOf(it, result.text ?? '')));
    else if (isObject(value) && Object.values(value).length > 0 && Object.values(value).every((it) => isObject(it) || typeof it === 'number')) reading.criteria.push(criteriaOf(title, value, schemaOf(schema, name)));
  }
  return reading;
}

/** The number for all of a result, for lists of them. */
export function overallOf(result: ResultView, computed: string[]): number | null {
  return readingOf(result, undefined, computed).overall?.value ?? null;
}

function criteriaOf(title: string, value: JsonObject, schema: Schema | undefined): Criteria {
  const inner = typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : Object.values(schema?.properties ?? {})[0];
  const entries = Object.entries(value).map(([key, it]) => {
    const name = schema?.properties?.[key]?.title ?? readable(key);
    if (!isObject(it)) return { key, name, score: typeof it === 'number' ? it : null, note: '' };
    const said = Object.values(it);
    return { key, name, score: said.find((one): one is number => typeof one === 'number') ?? null, note: said.find((one): one is string => typeof one === 'string') ?? '' };
  });
  const score = Object.values(inner?.properties ?? {}).find((it) => it.maximum !== undefined) ?? inner;
  return { title, entries, least: score?.minimum ?? 0, most: score?.maximum ?? Math.max(5, ...entries.map((it) => it.score ?? 0)) };
}

function passageOf(it: JsonObject, text: string): PassageNote {
  const place = typeof it.start === 'number' && typeof it.end === 'number' && it.start < it.end ? { start: it.start, end: it.end } : null;
  const texts = Object.entries(it).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const words = place && Array.from(text).slice(place.start, place.end).join('');
  // The words of the text themselves; where they are not found, what comes first.
  const quote = texts.find(([, value]) => value === words)?.[0] ?? texts[0]?.[0];
  return {
    quote: texts.find(([name]) => name === quote)?.[1] ?? words ?? '',
    place,
    comment: texts
      .filter(([name]) => name !== quote)
      .map(([, value]) => value)
      .join('\n'),
    lists: Object.entries(it).flatMap(([name, value]) => (isTexts(value) ? [{ title: readable(name), items: value }] : [])),
  };
}

export interface Run {
  text: string;
  /** The passages that it lies in, by their numbers. */
  of: number[];
}

/** A text cut where passages begin and end, so that some may lie over others. */
export function runsOf(text: string, passages: Pick<PassageNote, 'place'>[]): Run[] {
  const letters = Array.from(text);
  const clamp = (at: number) => Math.max(0, Math.min(letters.length, at));
  const cuts = new Set([0, letters.length, ...passages.flatMap(({ place }) => (place ? [clamp(place.start), clamp(place.end)] : []))]);
  const places = [...cuts].sort((a, b) => a - b);
  return places.slice(0, -1).map((from, index) => {
    const to = places[index + 1] ?? letters.length;
    return { text: letters.slice(from, to).join(''), of: passages.flatMap(({ place }, number) => (place && place.start <= from && place.end >= to ? [number] : [])) };
  });
}

function isTexts(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((it) => typeof it === 'string');
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
