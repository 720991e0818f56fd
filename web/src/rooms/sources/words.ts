/** What a run of a source did, in words. Pure. */
import { counted } from '../../api/description';
import type { LookedUp, SourceCounts, SourceRun } from '../../api/types';
import type { Tone } from '../../ui/Badge';
import { number } from '../../ui/format';

/** The counts of a run, in the order in which they come about, with the words of its page. */
export const COUNTS: [keyof SourceCounts, string][] = [
  ['pages', 'Pages read'],
  ['cache_hits', 'Taken from what is kept'],
  ['rows', 'Rows found'],
  ['extracted', 'Rows understood'],
  ['consolidated', 'Put together'],
  ['inserted', 'New records'],
  ['updated', 'Changed records'],
  ['unchanged', 'As before'],
  ['completed', 'Completed'],
  ['skipped', 'Left out'],
  ['errors', 'Faults'],
  ['gone', 'Gone'],
  ['returned', 'Come back'],
];

/** One line of what changed: `12 new, 3 changed, 1 fault`. */
export function countWords(counts: SourceCounts): string {
  const parts = [
    counts.inserted > 0 && `${number(counts.inserted)} new`,
    counts.updated > 0 && `${number(counts.updated)} changed`,
    counts.gone > 0 && `${number(counts.gone)} gone`,
    counts.returned > 0 && `${number(counts.returned)} come back`,
    counts.errors > 0 && counted(counts.errors, 'fault', 'faults'),
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : counts.rows > 0 ? 'nothing new' : 'nothing found';
}

/** How it was run otherwise than usual. */
export function flagWords({ refresh, validate, whole, debug }: SourceRun['flags']): string[] {
  const named = Object.entries(refresh ?? {}).filter(([, it]) => it !== null && it !== false);
  const anew = named.map(([name, it]) => (typeof it === 'string' ? `anew: ${name} ${it}` : 'all anew'));
  return [...new Set(anew), ...(validate ? ['nothing written'] : []), ...(whole ? ['from the beginning'] : []), ...(debug ? ['with every detail'] : [])];
}

/** Who says what was looked up. */
export function foundWords(found: LookedUp['found']): { tone: Tone; word: string; about: string } {
  switch (found) {
    case 'live':
      return { tone: 'good', word: 'Said outside', about: 'Just now, or a short while ago.' };
    case 'kept':
      return { tone: 'warn', word: 'Kept', about: 'Nobody was asked, or nobody answered: this is what is there instead.' };
    case 'nothing':
      return { tone: 'plain', word: 'Nothing', about: 'Nobody is asked about this one, and nothing is there instead.' };
  }
}

/** `83 %`, or that nobody asked yet. */
export function rateWords(rate: number | null): string {
  return rate === null ? '–' : `${Math.round(rate * 100)} %`;
}
