import { describe, expect, it } from 'vitest';

import { Fault } from '../../api/problem';
import type { AppView, AssistantView } from '../../api/types';
import { askable, contextWords, firstAsked, isResult, standingOf } from './about';

const app = {
  collections: { letters: { noun: 'letter', parent: null }, gradings: { noun: 'grading', parent: 'letters' }, notes: { noun: 'note', parent: null } },
  tasks: { grade: { on: 'letters', text: 'body', result: 'gradings' }, sort: { on: 'notes', text: null, result: null } },
} as unknown as AppView;

const guide = { name: 'guide', on: null } as AssistantView;
const coach = { name: 'coach', on: 'gradings' } as AssistantView;

const refused = (status: number, code: string) => new Fault({ title: code, status, code });

describe('asking about a record', () => {
  it('is for those who know such things', () => {
    expect(askable([guide, coach], 'gradings')).toEqual([coach]);
    expect(askable([guide, coach], 'notes')).toEqual([]);
    expect(firstAsked([guide, coach], true)).toBe(coach);
    expect(firstAsked([guide, coach], false)).toBe(guide);
    expect(firstAsked([guide], true)).toBe(guide);
    expect(firstAsked([], true)).toBeUndefined();
  });

  it('leads to the page of a result, where it came of a text', () => {
    expect(isResult(app, 'gradings')).toBe(true);
    expect(isResult(app, 'notes')).toBe(false);
  });

  it('ends when the record is gone, and rests while it may come back', () => {
    expect(standingOf(undefined, null)).toBe('unknown');
    expect(standingOf({ deleted_at: null }, null)).toBe('there');
    expect(standingOf({ deleted_at: '2026-01-01T00:00:00Z' }, null)).toBe('deleted');
    expect(standingOf({ deleted_at: null }, refused(410, 'deleted'))).toBe('deleted');
    expect(standingOf({ deleted_at: null }, refused(404, 'record_not_found'))).toBe('gone');
    expect(standingOf(undefined, refused(403, 'permission_missing'))).toBe('gone');
  });

  it('goes on when the record cannot be read for a moment', () => {
    expect(standingOf({ deleted_at: null }, refused(503, 'database_unavailable'))).toBe('there');
    expect(standingOf(undefined, refused(503, 'database_unavailable'))).toBe('unknown');
  });

  it('is told with what went along', () => {
    const used = { record: 'r', parent: 'p', earlier: 2 };
    expect(contextWords(app, 'gradings', used)).toBe('the grading, the letter it lies in, 2 earlier versions');
    expect(contextWords(app, 'gradings', { ...used, earlier: 1 })).toBe('the grading, the letter it lies in, 1 earlier version');
    expect(contextWords(app, 'notes', { ...used, parent: null, earlier: 0 })).toBe('the note');
    expect(contextWords(app, null, { ...used, earlier: 0 })).toBe('the record, the record it lies in');
  });
});
