import { describe, expect, it } from 'vitest';

import { endingsOf, type Limits, limitWords, refusalOf } from './limits';

const LIMITS: Limits = { enabled: true, bytes_max: 5 * 1024 * 1024, kinds: ['pdf', 'html', 'txt'] };

function refused(name: string, size = 10, limits = LIMITS): string | null {
  return refusalOf({ name, size }, limits)?.code ?? null;
}

describe('what may be put in', () => {
  it('is said before anything is chosen', () => {
    expect(limitWords(LIMITS)).toBe('PDF, HTML, text; up to 5 MB each');
    expect(endingsOf(LIMITS)).toEqual(['.pdf', '.html', '.htm', '.txt']);
  });

  it('is looked at before a file goes out', () => {
    expect(refused('a.pdf', LIMITS.bytes_max)).toBeNull();
    expect(refused('a.pdf', LIMITS.bytes_max + 1)).toBe('file_too_large');
    expect(refused('a.pdf', 0)).toBe('invalid_file');
    expect(refused('A.HTM')).toBeNull();
    expect(refused('a.csv')).toBe('invalid_file_type');
    expect(refused('a.pdf', 10, { ...LIMITS, enabled: false })).toBe('uploads_disabled');
  });

  it('leaves to the server what a name does not tell', () => {
    for (const name of ['README', 'holiday.png', 'notes.text']) expect(refused(name)).toBeNull();
  });

  it('says the limit when a file is too large', () => {
    expect(refusalOf({ name: 'a.pdf', size: 12 * 1024 * 1024 }, LIMITS)?.problem.detail).toBe('The file has 12 MB; at most 5 MB are taken.');
  });
});
