import { describe, expect, it } from 'vitest';

import type { VersionView } from '../../api/types';
import { pairOf, shownOf } from './version';

function version(number: number, more: Partial<VersionView> = {}): VersionView {
  return { id: `v${number}`, number, is_active: false, state: 'ready', ...more } as VersionView;
}

const LIST = [version(1), version(2, { is_active: true }), version(3), version(4, { state: 'building' })];

describe('the version a page shows', () => {
  it('is the named one, else the active one, else the newest that is ready', () => {
    expect(shownOf(LIST, 'v1')?.number).toBe(1);
    expect(shownOf(LIST, undefined)?.number).toBe(2);
    expect(shownOf([version(1), version(2, { state: 'building' })], undefined)?.number).toBe(1);
    expect(shownOf([], undefined)).toBeUndefined();
  });
});

describe('the two versions to compare', () => {
  it('are the active one and the newest when none is named', () => {
    expect(pairOf(LIST, undefined, undefined)?.map((it) => it.number)).toEqual([2, 3]);
  });

  it('are the newest and the one before it when the newest is the active one', () => {
    expect(pairOf([version(1), version(2, { is_active: true })], undefined, undefined)?.map((it) => it.number)).toEqual([1, 2]);
  });

  it('are none while there is only one', () => {
    expect(pairOf([version(1, { is_active: true })], undefined, undefined)).toBeNull();
  });
});
