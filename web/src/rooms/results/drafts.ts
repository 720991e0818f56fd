/** A text that is being written, kept in this browser until it is handed in. Each person and task has one. */

export interface Draft {
  text: string;
  /** When it was kept. */
  at: string;
  /** The result of the text before it. */
  previous?: string;
}

const PREFIX = 'mainstay.draft.';

export function draftKey(user: string, task: string): string {
  return `${PREFIX}${user}.${task}`;
}

/** None when nothing is kept, or what is kept cannot be read. */
export function draftIn(storage: Pick<Storage, 'getItem'>, key: string): Draft | null {
  try {
    const kept: unknown = JSON.parse(storage.getItem(key) ?? 'null');
    if (typeof kept !== 'object' || kept === null || !('text' in kept) || typeof kept.text !== 'string') return null;
    const { text, at, previous } = kept as { text: string; at?: unknown; previous?: unknown };
    return { text, at: typeof at === 'string' ? at : '', ...(typeof previous === 'string' ? { previous } : {}) };
  } catch {
    return null;
  }
}

/** False when the browser keeps nothing: then people must know. An empty text is no draft. */
export function keepDraft(storage: Pick<Storage, 'setItem' | 'removeItem'>, key: string, draft: Draft): boolean {
  try {
    if (draft.text.trim()) storage.setItem(key, JSON.stringify(draft));
    else storage.removeItem(key);
    return true;
  } catch {
    return false;
  }
}

export interface Length {
  chars: number;
  least: number;
  /** None when it is not limited. */
  most: number | null;
  /** What is wrong with it; nothing while it is empty. */
  fault: 'short' | 'long' | null;
}

/** How long a text is, in characters as Unicode counts them. */
export function lengthOf(text: string, least: number, most: number | null): Length {
  const chars = Array.from(text.trim()).length;
  return { chars, least, most, fault: chars === 0 ? null : chars < least ? 'short' : most !== null && chars > most ? 'long' : null };
}
