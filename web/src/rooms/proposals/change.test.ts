import { describe, expect, it } from 'vitest';

import { effectOf } from './change';

const subject = { title: 'A-1', data: { code: 'A-1', csi: '02', metadata: { unit: 'EA', size: 8 } } };

describe('a proposal', () => {
  it('would set the fields it names and no others', () => {
    const effect = effectOf({ record: 'r', subject, change: { current: { csi: '02' }, suggested: { csi: '33' } } });
    expect(effect).toEqual({ kind: 'set', changes: [{ field: 'csi', before: '02', after: '33' }] });
  });

  it('is compared with the record when it does not say what there is now', () => {
    const effect = effectOf({ record: 'r', subject, change: { suggested: { metadata: { unit: 'm' } } } });
    expect(effect).toEqual({ kind: 'set', changes: [{ field: 'metadata.unit', before: 'EA', after: 'm' }] });
  });

  it('may name a field inside an object with dots', () => {
    const effect = effectOf({ record: 'r', subject, change: { suggested: { 'metadata.unit': 'm' } } });
    expect(effect).toEqual({ kind: 'set', changes: [{ field: 'metadata.unit', before: 'EA', after: 'm' }] });
  });

  it('may take a record out, or add one', () => {
    expect(effectOf({ record: 'r', subject, change: { suggested: { remove: true } } })).toEqual({ kind: 'remove' });
    expect(effectOf({ record: null, subject: null, change: { suggested: { add: { code: 'B-1' } } } })).toEqual({ kind: 'add', changes: [{ field: 'code', before: undefined, after: 'B-1' }] });
  });

  it('is advice when it changes nothing by itself', () => {
    expect(effectOf({ record: null, subject: null, change: null })).toEqual({ kind: 'advice', text: null });
    expect(effectOf({ record: 'r', subject, change: { suggested: 'look at it again' } })).toEqual({ kind: 'advice', text: 'look at it again' });
  });
});
