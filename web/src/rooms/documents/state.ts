/** Where a document stands, in words, and what may be done with it. */
import type { DocumentView, Me } from '../../api/types';
import { number } from '../../ui/format';
import { verdictOf, verdictWords } from './verdict';

export const STATES = ['pending', 'extracting', 'embedding', 'ready', 'failed'] as const;

type Standing = Pick<DocumentView, 'state' | 'reason' | 'chunks' | 'vectors' | 'verdict'>;

/** Is somebody still at it? */
export function isOpen({ state }: Pick<DocumentView, 'state'>): boolean {
  return state === 'pending' || state === 'extracting' || state === 'embedding';
}

/** One sentence; empty when there is nothing to say. */
export function stateWords(document: Standing): string {
  switch (document.state) {
    case 'pending':
      return 'Waits for its turn.';
    case 'extracting':
      return 'Its text is being read.';
    case 'embedding':
      return document.chunks > 0 ? `Being made findable: ${number(document.vectors)} of ${number(document.chunks)} pieces.` : 'Being made findable.';
    case 'failed':
      return document.reason?.message ?? 'It failed.';
    case 'ready': {
      const verdict = verdictOf(document);
      return verdict ? verdictWords(verdict) : '';
    }
  }
}

/** Why reading the same file once more changes nothing: there is no text in it. */
const WITHOUT_TEXT = ['image_only', 'encrypted', 'empty'];

/**
 * Can it go on where it stopped? One that failed cannot when its file holds no text; one that is ready can when
 * a model could make the vectors that are missing.
 */
export function canGoOn({ state, reason, chunks, vectors }: Standing, hasModel: boolean): boolean {
  if (state === 'failed') return chunks > 0 || !WITHOUT_TEXT.includes(reason?.code ?? '');
  return state === 'ready' && hasModel && vectors < chunks;
}

/** May this person change it? Their own, or everybody's where they manage them. */
export function mayChange(me: Pick<Me, 'id' | 'permissions'>, { owner }: Pick<DocumentView, 'owner'>): boolean {
  return me.permissions.includes('write_documents') && (owner === me.id || me.permissions.includes('manage_documents'));
}
