import { describe, expect, it } from 'vitest';

import { changeWords, score } from './words';

describe('how results went', () => {
  it('is told with the sign of the change, and with a dash where nothing is known', () => {
    expect([changeWords(0.404), changeWords(-0.2), changeWords(0.001), changeWords(null)]).toEqual(['+0.4', '−0.2', '±0', '–']);
    expect([score(3.756), score(null), score(undefined)]).toEqual(['3.76', '–', '–']);
  });
});
