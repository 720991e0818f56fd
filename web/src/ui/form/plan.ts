/**
 * How each field of a schema is drawn, where a new form starts, and what is sent when it is done.
 *
 * Pure. {@link kindOf} is the one place that decides between a text field, a choice, a map and so on.
 */
import { typesOf } from '../../api/description';
import type { Json, JsonObject, Schema } from '../../api/types';

export type Kind =
  | 'text'
  | 'long'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'choices'
  | 'list'
  | 'rows'
  | 'object'
  | 'map'
  | 'mixed'
  | 'json';

/** Text longer than this wants lines. */
const LONG_TEXT = 300;

export function kindOf(schema: Schema): Kind {
  if (schema.enum) return 'choice';
  const types = typesOf(schema);
  if (types.length > 1) {
    if (types.includes('boolean')) return types.every(isScalar) ? 'mixed' : 'json';
    return types.every(isScalar) ? 'text' : 'json';
  }
  switch (types[0]) {
    case 'string':
      return (schema.maxLength ?? 0) > LONG_TEXT && !schema.format ? 'long' : 'text';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return isNullable(schema) ? 'choice' : 'boolean';
    case 'array':
      if (schema.items?.enum) return 'choices';
      if (schema.items && typesOf(schema.items)[0] === 'object' && schema.items.properties) return 'rows';
      return schema.items && typesOf(schema.items).length === 1 && typesOf(schema.items).every(isScalar) ? 'list' : 'json';
    case 'object':
      if (schema.properties && Object.keys(schema.properties).length > 0) return 'object';
      return schema.additionalProperties === false ? 'object' : typeof schema.additionalProperties === 'object' && !typesOf(schema.additionalProperties).every(isScalar) ? 'json' : 'map';
    default:
      return 'json';
  }
}

export function isNullable(schema: Schema): boolean {
  return schema.enum ? schema.enum.includes(null) : [schema.type].flat().includes('null');
}

/** Where a new form starts: the defaults. */
export function startOf(schema: Schema): JsonObject {
  const start: JsonObject = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (field.default !== undefined) start[name] = field.default;
    else if (kindOf(field) === 'boolean') start[name] = false;
    else if (kindOf(field) === 'object') {
      const inner = startOf(field);
      if (Object.keys(inner).length > 0) start[name] = inner;
    }
  }
  return start;
}

/** What a form sends: emptied fields are null where that is allowed, and left out elsewhere. */
export function cleaned(schema: Schema, value: Json | undefined): Json | undefined {
  if (value === undefined) return undefined;
  if (value === '') return isNullable(schema) ? null : undefined;
  if (Array.isArray(value)) {
    return value.map((it) => (schema.items ? cleaned(schema.items, it) : it)).filter((it) => it !== undefined);
  }
  if (typeof value === 'object' && value !== null) {
    const kept: JsonObject = {};
    for (const [name, it] of Object.entries(value)) {
      const field = schema.properties?.[name] ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {});
      const clean = cleaned(field, it);
      if (clean !== undefined) kept[name] = clean;
    }
    return kept;
  }
  return value;
}

/** What a change sends: only the fields that differ; one that was emptied is null. */
export function changed(before: JsonObject, after: JsonObject): JsonObject {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...fields].filter((it) => JSON.stringify(before[it] ?? null) !== JSON.stringify(after[it] ?? null)).map((it) => [it, after[it] ?? null]),
  );
}

/** Text a person typed, as the value it means. A code like "04" stays text wherever text is allowed. */
export function fromText(text: string, schema: Schema, before: Json | undefined): Json {
  const types = typesOf(schema);
  const number = text.trim() === '' ? Number.NaN : Number(text);
  const wantsNumber = types.length > 0 && !types.includes('string');
  if ((wantsNumber || typeof before === 'number') && !Number.isNaN(number)) return number;
  return text;
}

function isScalar(type: string): boolean {
  return type === 'string' || type === 'number' || type === 'integer' || type === 'boolean';
}
