import { describe, expect, it } from 'vitest';

import type { BudgetStanding } from '../../api/types';
import { amount, type Draft, draftOf, faultsIn, grouped, percent, toneOf, wanted } from './budgets';

function standing(fields: Partial<BudgetStanding>): BudgetStanding {
  return { name: 'house', scope: 'whole', match: null, id: '', period: 'month', limit_usd: 50, limit_tokens: null, warn_at: 0.8, at_limit: 'refuse', downgrade_to: null, is_set: true, unit: 'usd', spent: 0, leased: 0, in_flight: 0, limit: 50, used_ratio: 0, starts_at: '', resets_at: '', ...fields };
}

const DRAFT: Draft = { name: 'house', scope: 'whole', match: '', period: 'day', unit: 'usd', limit: '2.5', warnAt: '80', atLimit: 'refuse', downgradeTo: '' };

describe('budgets', () => {
  it('stand together by name, what was used most first', () => {
    const each = (id: string, used_ratio: number) => standing({ name: 'each', scope: 'tenant', id, used_ratio });
    const budgets = grouped([standing({ used_ratio: 0.3 }), each('a', 0.1), each('b', 0.9)]);
    expect(budgets.map((it) => [it.head.name, it.standings.map((one) => one.id)])).toEqual([
      ['each', ['b', 'a']],
      ['house', ['']],
    ]);
  });

  it('show only the tenant that is looked at, and stay when it has spent nothing', () => {
    const budgets = grouped([standing({}), standing({ name: 'each', scope: 'tenant', id: 'a', used_ratio: 1 })], 'b');
    expect(budgets.map((it) => [it.head.name, it.standings.length])).toEqual([
      ['each', 0],
      ['house', 1],
    ]);
  });

  it('are told in their unit', () => {
    expect(amount(0.00042, 'usd')).toBe('$0.0004');
    expect(amount(0.0000042, 'usd')).toBe('$0.0000042');
    expect(amount(1, 'tokens')).toBe('1 token');
    expect(amount(2_000_000, 'tokens')).toBe('2,000,000 tokens');
    expect([0, 0.004, 0.5, 0.996, 1, 1.02].map(percent)).toEqual(['0 %', '< 1 %', '50 %', '99 %', '100 %', '102 %']);
    expect([0.79, 0.8, 1].map((it) => toneOf(it, 0.8))).toEqual(['good', 'warn', 'bad']);
  });

  it('go into the form and come out the same', () => {
    const before = standing({ scope: 'task', match: 'review', limit_usd: null, limit_tokens: 5000, unit: 'tokens', limit: 5000, at_limit: 'downgrade', downgrade_to: 'openai/gpt-4o-mini', warn_at: 0.925 });
    expect(wanted(draftOf(before))).toEqual({ scope: 'task', match: 'review', period: 'month', limit_usd: null, limit_tokens: 5000, warn_at: 0.925, at_limit: 'downgrade', downgrade_to: 'openai/gpt-4o-mini' });
    expect(wanted(DRAFT)).toMatchObject({ match: null, limit_usd: 2.5, limit_tokens: null, downgrade_to: null });
  });

  it('are checked before they are sent', () => {
    expect(faultsIn(DRAFT)).toEqual({});
    expect(faultsIn({ ...DRAFT, name: ' ', limit: '', warnAt: '0', atLimit: 'downgrade' })).toEqual({ name: 'This is needed.', limit: 'This is needed.', warnAt: 'Between 1 and 100.', downgradeTo: 'Which model is asked then?' });
    expect(faultsIn({ ...DRAFT, limit: '-1' }).limit).toBe('More than nothing.');
    expect(faultsIn({ ...DRAFT, limit: 'ten' }).limit).toBe('More than nothing.');
    expect(faultsIn({ ...DRAFT, unit: 'tokens', limit: '1.5' }).limit).toBe('Whole tokens.');
  });
});
