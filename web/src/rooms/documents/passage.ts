/**
 * Places in the text of a document: what an address names, and how a text is cut to show it.
 *
 * Pure. Places count characters as Unicode does (code points), not as JavaScript does: a text is taken
 * apart with `Array.from` before anything is counted.
 */
import type { DocumentContent } from '../../api/types';

export interface Place {
  from: number;
  /** The first character behind it. */
  to: number;
}

/** The place that an address names; none when it names no passage that can be. */
export function placeOf({ from, to }: { from?: number; to?: number }): Place | null {
  return from !== undefined && to !== undefined && from < to ? { from, to } : null;
}

export type Part = Pick<DocumentContent, 'content' | 'from_char' | 'chars' | 'pages'>;

/** Parts of one text that follow each other, as one part. */
export function joined(parts: Part[]): Part | null {
  const [first] = parts;
  return first ? { ...first, content: parts.map((it) => it.content).join('') } : null;
}

export interface Run {
  text: string;
  isMarked: boolean;
}

export interface Piece {
  /** The page that begins here; none where the text goes on from before, or has no pages. */
  page: number | null;
  /** Where it begins, in the whole text. */
  start: number;
  runs: Run[];
}

/** A part of a text, cut where pages begin and where the passage lies. What stands between two pages goes with the first. */
export function piecesOf(part: Part, place: Place | null): Piece[] {
  const letters = Array.from(part.content);
  const [begin, end] = [part.from_char, part.from_char + letters.length];
  // An empty last page begins where the text ends.
  const within = part.pages.filter((it) => it.start_char >= begin && (it.start_char < end || (it.start_char === end && end === part.chars)));
  const heads: { page: number | null; start: number }[] = within.map((it) => ({ page: it.page, start: it.start_char }));
  if (heads[0]?.start !== begin) heads.unshift({ page: null, start: begin });
  return heads.map((head, index) => ({ ...head, runs: runsOf(letters, begin, head.start, heads[index + 1]?.start ?? end, place) }));
}

function runsOf(letters: string[], begin: number, start: number, end: number, place: Place | null): Run[] {
  const clamp = (at: number) => Math.max(start, Math.min(end, at));
  const [from, to] = place ? [clamp(place.from), clamp(place.to)] : [end, end];
  const slice = (a: number, b: number) => letters.slice(a - begin, b - begin).join('');
  const runs = [
    { text: slice(start, from), isMarked: false },
    { text: slice(from, to), isMarked: true },
    { text: slice(to, end), isMarked: false },
  ];
  return runs.filter((it) => it.text !== '');
}

/** The page that a place lies on; none where there are no pages. */
export function pageAt(pages: DocumentContent['pages'], at: number): number | null {
  return pages.findLast((it) => it.start_char <= at)?.page ?? null;
}
