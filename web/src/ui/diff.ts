/**
 * What changed between two texts or two values, for people to read.
 *
 * Pure. Texts are compared word by word; a text beyond the limit counts as replaced whole, since a
 * page must not stand still for it.
 */
import type { Json, JsonObject } from '../api/types';

export interface Piece {
  kind: 'same' | 'gone' | 'new';
  text: string;
}

const MOST_WORDS = 600;

export function textDiff(before: string, after: string): Piece[] {
  if (before === after) return before ? [{ kind: 'same', text: before }] : [];
  if (!before) return [{ kind: 'new', text: after }];
  if (!after) return [{ kind: 'gone', text: before }];

  const a = words(before);
  const b = words(after);
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return replaced(before, after);

  // The longest common subsequence, from the end so that the walk below goes forward.
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }

  const pieces: Piece[] = [];
  let kept = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      push(pieces, 'same', a[i] ?? '');
      if (isWord(a[i] ?? '')) kept++;
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) {
      push(pieces, 'gone', a[i++] ?? '');
    } else {
      push(pieces, 'new', b[j++] ?? '');
    }
  }
  // A diff in which hardly a word stays is harder to read than the two texts.
  return kept < a.filter(isWord).length * 0.25 ? replaced(before, after) : pieces;
}

export interface ValueChange {
  field: string;
  before: Json | undefined;
  after: Json | undefined;
}

/** The fields in which two objects differ, reached into objects with dots. */
export function valueDiff(before: Json | undefined, after: Json | undefined, path = ''): ValueChange[] {
  if (isObject(before) || isObject(after)) {
    const left = isObject(before) ? before : {};
    const right = isObject(after) ? after : {};
    if ((isObject(before) || (before ?? null) === null) && (isObject(after) || (after ?? null) === null)) {
      const fields = [...new Set([...Object.keys(left), ...Object.keys(right)])];
      return fields.flatMap((it) => valueDiff(left[it], right[it], path ? `${path}.${it}` : it));
    }
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ field: path, before, after }];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+|\s+|[^\p{L}\p{N}\s]/gu) ?? [];
}

function isWord(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

function replaced(before: string, after: string): Piece[] {
  return [
    { kind: 'gone', text: before },
    { kind: 'new', text: after },
  ];
}

function push(pieces: Piece[], kind: Piece['kind'], text: string): void {
  const last = pieces.at(-1);
  if (last?.kind === kind) last.text += text;
  else pieces.push({ kind, text });
}
