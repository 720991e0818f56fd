import { describe, expect, it } from 'vitest';

import { textDiff, valueDiff } from './diff';

function written(before: string, after: string): string {
  return textDiff(before, after)
    .map((it) => (it.kind === 'gone' ? `[-${it.text}-]` : it.kind === 'new' ? `{+${it.text}+}` : it.text))
    .join('');
}

describe('two texts', () => {
  it('differ word by word', () => {
    expect(written('ductile iron pipe', 'ductile steel pipe')).toBe('ductile [-iron-]{+steel+} pipe');
    expect(written('8 inch pipe', '8 inch pipe, lined')).toBe('8 inch pipe{+, lined+}');
  });

  it('are replaced whole when hardly a word stays', () => {
    expect(written('33 11 00', '40 05 23.16')).toBe('[-33 11 00-]{+40 05 23.16+}');
    expect(written('alpha', 'beta')).toBe('[-alpha-]{+beta+}');
  });

  it('keep letters of any language together', () => {
    expect(written('größe klein', 'größe groß')).toBe('größe [-klein-]{+groß+}');
  });

  it('are compared whole beyond the limit, in no time', () => {
    const long = 'word '.repeat(5_000);
    const begun = performance.now();
    expect(textDiff(long, `${long}more`)).toHaveLength(2);
    expect(performance.now() - begun).toBeLessThan(200);
  });

  it('say nothing when both are empty', () => {
    expect(textDiff('', '')).toEqual([]);
    expect(written('', 'new')).toBe('{+new+}');
  });
});

describe('two values', () => {
  it('differ field by field, also inside objects', () => {
    expect(valueDiff({ code: 'A', metadata: { unit: 'EA', size: 8 } }, { code: 'A', metadata: { unit: 'm', size: 8 } })).toEqual([{ field: 'metadata.unit', before: 'EA', after: 'm' }]);
  });

  it('show what came and what went', () => {
    expect(valueDiff(null, { name: 'new' })).toEqual([{ field: 'name', before: undefined, after: 'new' }]);
    expect(valueDiff({ name: 'old' }, {})).toEqual([{ field: 'name', before: 'old', after: undefined }]);
    expect(valueDiff([1, 2], [1, 2])).toEqual([]);
  });
});
