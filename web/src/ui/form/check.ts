/**
 * Whether a value fits a JSON Schema, as far as a form can tell before the server does.
 *
 * It knows the words that {@link Schema} names and lets everything else pass: the server's own check
 * is the one that counts. All faults are found at once, each with its place as a JSON pointer.
 */
import type { Json, Schema } from '../../api/types';

export interface SchemaFault {
  pointer: string;
  message: string;
}

export function check(schema: Schema, value: Json | undefined, pointer = ''): SchemaFault[] {
  const fault = (message: string): SchemaFault[] => [{ pointer, message }];
  if (value === undefined) return [];

  const types = schema.type === undefined ? null : [schema.type].flat();
  if (types && !types.some((type) => isOf(type, value))) return fault(value === null ? 'This is needed.' : `This must be ${wanted(types)}.`);
  if (schema.enum && !schema.enum.some((it) => same(it, value))) {
    return fault(`This must be one of: ${schema.enum.filter((it) => it !== null).join(', ')}.`);
  }
  if (schema.const !== undefined && !same(schema.const, value)) return fault(`This must be ${JSON.stringify(schema.const)}.`);

  if (typeof value === 'string') return checkText(schema, value).map((message) => ({ pointer, message }));
  if (typeof value === 'number') return checkNumber(schema, value).map((message) => ({ pointer, message }));
  if (Array.isArray(value)) {
    return [
      ...checkList(schema, value).map((message) => ({ pointer, message })),
      ...value.flatMap((it, index) => (schema.items ? check(schema.items, it, `${pointer}/${index}`) : [])),
    ];
  }
  if (typeof value === 'object' && value !== null) {
    const missing = (schema.required ?? []).filter((name) => value[name] === undefined);
    return [
      ...missing.map((name) => ({ pointer: `${pointer}/${escaped(name)}`, message: 'This is needed.' })),
      ...Object.entries(value).flatMap(([name, it]) => {
        const inner = schema.properties?.[name];
        const at = `${pointer}/${escaped(name)}`;
        if (inner) return check(inner, it, at);
        if (schema.additionalProperties === false) return [{ pointer: at, message: `\`${name}\` is not known here.` }];
        return typeof schema.additionalProperties === 'object' ? check(schema.additionalProperties, it, at) : [];
      }),
    ];
  }
  return [];
}

function checkText(schema: Schema, value: string): string[] {
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength) {
    return [schema.minLength === 1 ? 'This is needed.' : `At least ${schema.minLength} characters.`];
  }
  if (schema.maxLength !== undefined && length > schema.maxLength) return [`At most ${schema.maxLength} characters; there are ${length}.`];
  if (schema.pattern !== undefined && !matches(schema.pattern, value)) return ['This does not have the expected form.'];
  if (schema.format === 'email' && !/^[^\s@]+@[^\s@]+$/.test(value)) return ['This is not an e-mail address.'];
  if (schema.format === 'uri' && !URL.canParse(value)) return ['This is not a web address.'];
  return [];
}

function checkNumber(schema: Schema, value: number): string[] {
  if (schema.minimum !== undefined && value < schema.minimum) return [`At least ${schema.minimum}.`];
  if (schema.maximum !== undefined && value > schema.maximum) return [`At most ${schema.maximum}.`];
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum) return [`More than ${schema.exclusiveMinimum}.`];
  if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum) return [`Less than ${schema.exclusiveMaximum}.`];
  return [];
}

function checkList(schema: Schema, value: Json[]): string[] {
  if (schema.minItems !== undefined && value.length < schema.minItems) return [`At least ${schema.minItems}.`];
  if (schema.maxItems !== undefined && value.length > schema.maxItems) return [`At most ${schema.maxItems}.`];
  const texts = value.map((it) => JSON.stringify(it));
  if (schema.uniqueItems && new Set(texts).size < texts.length) return ['No value may be there twice.'];
  return [];
}

function isOf(type: string, value: Json): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

const WORDS: Record<string, string> = { string: 'text', number: 'a number', integer: 'a whole number', boolean: 'yes or no', array: 'a list', object: 'an object' };

function wanted(types: string[]): string {
  return types
    .filter((it) => it !== 'null')
    .map((it) => WORDS[it] ?? it)
    .join(' or ');
}

/** A pattern that this browser cannot read is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}

function same(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A name as a part of a JSON pointer. */
export function escaped(name: string): string {
  return name.replace(/~/g, '~0').replace(/\//g, '~1');
}

/** The first part of a JSON pointer. */
export function topOf(pointer: string): string {
  return (pointer.split('/')[1] ?? '').replace(/~1/g, '/').replace(/~0/g, '~');
}
