import { expect, it } from 'vitest';

import { ticksOf } from './ticks';

it('names every point while there is room, and evenly fewer where there is not', () => {
  expect(ticksOf([1, 2, 3], 5)).toEqual([1, 2, 3]);
  expect(ticksOf([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 4, 7]);
  expect(ticksOf([1, 2], 0)).toEqual([1]);
  expect(ticksOf([], 4)).toEqual([]);
});
