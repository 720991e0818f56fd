/**
 * Budgets as people read and write them.
 *
 * Pure. The server says how each budget stands for each of those it limits; {@link grouped} puts these
 * together, {@link draftOf} and {@link wanted} go to the form and back.
 */
import type { components } from '../../api/schema';
import type { BudgetStanding } from '../../api/types';
import { dollars, number } from '../../ui/format';

export type BudgetScope = BudgetStanding['scope'];
export type Unit = BudgetStanding['unit'];

/** What is sent to set a budget; its name stands in the address. */
export type Wanted = Omit<components['schemas']['BudgetSet'], 'name'>;

export interface Budget {
  /** What all standings of it say alike. */
  head: BudgetStanding;
  /** Those it limits, the ones that used the most first. */
  standings: BudgetStanding[];
}

/** Each budget once, in the order of what was used most; only one tenant’s own where one is looked at. */
export function grouped(standings: BudgetStanding[], tenant?: string): Budget[] {
  const budgets = new Map<string, Budget>();
  for (const it of standings) {
    const budget = budgets.get(it.name) ?? { head: it, standings: [] };
    budgets.set(it.name, budget);
    if (!tenant || it.scope !== 'tenant' || it.id === tenant) budget.standings.push(it);
  }
  for (const it of budgets.values()) it.standings.sort((a, b) => b.used_ratio - a.used_ratio);
  return [...budgets.values()].sort((a, b) => usedMost(b) - usedMost(a) || a.head.name.localeCompare(b.head.name));
}

function usedMost({ standings }: Budget): number {
  return standings[0]?.used_ratio ?? 0;
}

export function amount(value: number, unit: Unit): string {
  return unit === 'usd' ? dollars(value) : `${number(value)} ${value === 1 ? 'token' : 'tokens'}`;
}

export function toneOf(ratio: number, warnAt: number): 'good' | 'warn' | 'bad' {
  return ratio >= 1 ? 'bad' : ratio >= warnAt ? 'warn' : 'good';
}

export function percent(ratio: number): string {
  const value = ratio * 100;
  // What is nearly all is not all.
  return `${value < 100 && value > 99 ? 99 : value > 0 && value < 1 ? '< 1' : Math.round(value)} %`;
}

/** Whose spending it counts, in words. */
export function scopeWords(scope: BudgetScope, noun: string): string {
  return scope === 'whole' ? 'the whole house' : `each ${scope === 'tenant' ? noun : scope}`;
}

/** The fields of the form, as typed. */
export interface Draft {
  name: string;
  scope: BudgetScope;
  match: string;
  period: 'day' | 'month';
  unit: Unit;
  limit: string;
  /** In percent. */
  warnAt: string;
  atLimit: 'refuse' | 'downgrade';
  downgradeTo: string;
}

export function draftOf(budget: BudgetStanding | null): Draft {
  if (!budget) return { name: '', scope: 'whole', match: '', period: 'month', unit: 'usd', limit: '', warnAt: '80', atLimit: 'refuse', downgradeTo: '' };
  return {
    name: budget.name,
    scope: budget.scope,
    match: budget.match ?? '',
    period: budget.period,
    unit: budget.unit,
    limit: String(budget.limit),
    warnAt: String(Math.round(budget.warn_at * 1000) / 10),
    atLimit: budget.at_limit,
    downgradeTo: budget.downgrade_to ?? '',
  };
}

export type Faults = Partial<Record<keyof Draft, string>>;

export function faultsIn(draft: Draft): Faults {
  const faults: Faults = {};
  const name = draft.name.trim();
  if (!name) faults.name = 'This is needed.';
  else if (name.length > 100) faults.name = 'At most 100 characters.';
  const limit = Number(draft.limit);
  if (draft.limit.trim() === '') faults.limit = 'This is needed.';
  else if (!Number.isFinite(limit) || limit <= 0) faults.limit = 'More than nothing.';
  else if (draft.unit === 'tokens' && !Number.isInteger(limit)) faults.limit = 'Whole tokens.';
  const warnAt = Number(draft.warnAt);
  if (draft.warnAt.trim() === '' || !(warnAt > 0 && warnAt <= 100)) faults.warnAt = 'Between 1 and 100.';
  if (draft.atLimit === 'downgrade' && !draft.downgradeTo.trim()) faults.downgradeTo = 'Which model is asked then?';
  return faults;
}

export function wanted(draft: Draft): Wanted {
  const limit = Number(draft.limit);
  return {
    scope: draft.scope,
    match: draft.scope === 'whole' ? null : draft.match.trim() || null,
    period: draft.period,
    limit_usd: draft.unit === 'usd' ? limit : null,
    limit_tokens: draft.unit === 'tokens' ? limit : null,
    warn_at: Number(draft.warnAt) / 100,
    at_limit: draft.atLimit,
    downgrade_to: draft.atLimit === 'downgrade' ? draft.downgradeTo.trim() : null,
  };
}

/** Where the form shows what the server says of a field of its own. */
export const FIELDS: Record<string, keyof Draft> = {
  name: 'name',
  budget: 'name',
  scope: 'scope',
  match: 'match',
  period: 'period',
  limit_usd: 'limit',
  limit_tokens: 'limit',
  warn_at: 'warnAt',
  at_limit: 'atLimit',
  downgrade_to: 'downgradeTo',
};
