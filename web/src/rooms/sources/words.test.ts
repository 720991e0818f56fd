import { describe, expect, it } from 'vitest';

import type { SourceCounts } from '../../api/types';
import { countWords, flagWords, foundWords, rateWords } from './words';

const counts = (more: Partial<SourceCounts>): SourceCounts => ({ rows: 0, extracted: 0, consolidated: 0, inserted: 0, updated: 0, unchanged: 0, skipped: 0, errors: 0, completed: 0, gone: 0, returned: 0, pages: 0, cache_hits: 0, ...more });

describe('a run of a source', () => {
  it('says what changed, and that nothing did', () => {
    expect(countWords(counts({ rows: 20, inserted: 12, updated: 3, errors: 1 }))).toBe('12 new, 3 changed, 1 fault');
    expect(countWords(counts({ rows: 20, unchanged: 20 }))).toBe('nothing new');
    expect(countWords(counts({}))).toBe('nothing found');
  });

  it('says how it was run otherwise than usual', () => {
    expect(flagWords({})).toEqual([]);
    expect(flagWords({ refresh: { all: true }, validate: true })).toEqual(['all anew', 'nothing written']);
    expect(flagWords({ refresh: { tag: 'calendar' }, whole: true, debug: true })).toEqual(['anew: tag calendar', 'from the beginning', 'with every detail']);
  });

  it('has no rate before anybody asked', () => {
    expect([rateWords(null), rateWords(0.826)]).toEqual(['–', '83 %']);
  });
});

describe('what was looked up', () => {
  it('is told by who says it, and each of the three differs in words', () => {
    const all = (['live', 'kept', 'nothing'] as const).map(foundWords);
    expect(all.map((it) => it.word)).toEqual(['Said outside', 'Kept', 'Nothing']);
    expect(new Set(all.map((it) => it.about)).size).toBe(3);
  });
});
