import { describe, expect, it } from 'vitest';

import type { DocumentView, Permission } from '../../api/types';
import { canGoOn, isOpen, mayChange, STATES, stateWords } from './state';

function standing(state: DocumentView['state'], fields: Partial<DocumentView> = {}) {
  return { state, reason: null, chunks: 0, vectors: 0, verdict: null, ...fields };
}

describe('a document', () => {
  it('is looked at again as long as somebody is at it', () => {
    expect(STATES.filter((state) => isOpen({ state }))).toEqual(['pending', 'extracting', 'embedding']);
  });

  it('says how far it is, and why it failed', () => {
    expect(stateWords(standing('embedding', { chunks: 1_200, vectors: 30 }))).toBe('Being made findable: 30 of 1,200 pieces.');
    expect(stateWords(standing('failed', { reason: { code: 'encrypted', message: 'It is locked.' } }))).toBe('It is locked.');
    expect(stateWords(standing('ready'))).toBe('');
  });

  it('goes on when it failed, or when a model could find more of it', () => {
    expect(canGoOn(standing('failed'), false)).toBe(true);
    expect(canGoOn(standing('ready', { chunks: 9, vectors: 3 }), true)).toBe(true);
    expect(canGoOn(standing('ready', { chunks: 9, vectors: 3 }), false)).toBe(false);
    expect(canGoOn(standing('ready', { chunks: 9, vectors: 9 }), true)).toBe(false);
    expect(canGoOn(standing('embedding', { chunks: 9 }), true)).toBe(false);
  });

  it('does not go on when its file holds no text', () => {
    const failed = (code: string) => canGoOn(standing('failed', { reason: { code, message: 'No.' } }), true);
    expect(['image_only', 'encrypted', 'empty'].filter(failed)).toEqual([]);
    expect(['broken', 'too_long', 'model_unavailable', 'cancelled'].every(failed)).toBe(true);
  });

  it('is changed by its owner, and by who manages all of them', () => {
    const may = (owner: string, ...permissions: Permission[]) => mayChange({ id: 'usr_1', permissions }, { owner });
    expect(may('usr_1', 'write_documents')).toBe(true);
    expect(may('usr_2', 'write_documents')).toBe(false);
    expect(may('usr_2', 'write_documents', 'manage_documents')).toBe(true);
    expect(may('usr_1', 'read_documents')).toBe(false);
  });
});
