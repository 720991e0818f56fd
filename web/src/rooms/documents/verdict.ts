/** What a file turned out to hold, read out of a document and said in words. */
import { counted } from '../../api/description';
import type { DocumentView, Json, JsonObject } from '../../api/types';
import { number } from '../../ui/format';

export interface Verdict {
  kind: string;
  pages: number;
  chars: number;
  charsPerPage: number;
  pagesWithoutText: number[];
  warnings: { code: string; message: string }[];
}

/** The verdict of a document; none while nobody looked into it. */
export function verdictOf({ verdict }: Pick<DocumentView, 'verdict'>): Verdict | null {
  if (!isObject(verdict) || typeof verdict.kind !== 'string') return null;
  const { kind, pages, chars, chars_per_page, pages_without_text, warnings } = verdict;
  return {
    kind,
    pages: numberIn(pages),
    chars: numberIn(chars),
    charsPerPage: numberIn(chars_per_page),
    pagesWithoutText: listIn(pages_without_text).filter((it) => typeof it === 'number'),
    warnings: listIn(warnings).filter(isObject).map((it) => ({ code: textIn(it.code), message: textIn(it.message) })),
  };
}

/** One sentence for whoever put it in. */
export function verdictWords({ kind, pages, chars, charsPerPage }: Verdict): string {
  switch (kind) {
    case 'text':
      return pages > 0 ? `Text on ${counted(pages, 'page', 'pages')}, ${about(charsPerPage)} on each.` : `Text of ${counted(chars, 'character', 'characters')}, without pages.`;
    case 'image_only':
      return pages > 0 ? `Pictures only: its ${counted(pages, 'page holds', 'pages hold')} no text.` : 'Pictures only, no text.';
    case 'encrypted':
      return 'Locked with a password.';
    case 'empty':
      return 'No text in it.';
    case 'broken':
      return 'Damaged: it cannot be read.';
    case 'too_long':
      return 'Longer than what is taken in.';
    default:
      return `It is said to be “${kind}”.`;
  }
}

/** `1, 4–6, 9`. */
export function rangesOf(numbers: number[]): string {
  const ranges: [number, number][] = [];
  for (const it of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && it <= last[1] + 1) last[1] = it;
    else ranges.push([it, it]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from}, ${to}` : `${from}–${to}`)).join(', ');
}

function about(chars: number): string {
  const rounded = Math.round(chars);
  return `about ${number(rounded)} ${rounded === 1 ? 'character' : 'characters'}`;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listIn(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function numberIn(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function textIn(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
