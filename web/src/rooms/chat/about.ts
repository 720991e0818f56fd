/**
 * What a chat is about: who can be asked about a record, whether it still can be, and the words for it.
 *
 * Pure. What is looked up for it is in `useAbout.ts`.
 */
import { counted, gradingOf } from '../../api/description';
import { asFault } from '../../api/problem';
import type { AppView, AssistantView, ContextUsed, RecordView } from '../../api/types';

/** Those that are asked about records of this collection. */
export function askable(assistants: AssistantView[], collection: string): AssistantView[] {
  return assistants.filter((it) => it.on === collection);
}

/** Who is asked in a new chat, when nobody is named: about a record one that knows such things. */
export function firstAsked(assistants: AssistantView[], isAboutRecord: boolean): AssistantView | undefined {
  return (isAboutRecord ? assistants.find((it) => it.on !== null) : undefined) ?? assistants[0];
}

/** Does it come of a text that was handed in? Such have a page of their own. */
export function isResult(app: AppView, collection: string): boolean {
  return gradingOf(app).some((it) => it.into === collection);
}

/** `deleted` may come back; what is `gone` may also be somebody else's, or nothing for one's eyes. */
export type Standing = 'unknown' | 'there' | 'deleted' | 'gone';

/** How a record stands, by what was read of it and what the last try to read it ended in. */
export function standingOf(record: Pick<RecordView, 'deleted_at'> | undefined, error: unknown): Standing {
  if (error) {
    const { status, code } = asFault(error);
    if (code === 'deleted') return 'deleted';
    if (status === 403 || status === 404 || status === 410) return 'gone';
  }
  if (!record) return 'unknown';
  return record.deleted_at === null ? 'there' : 'deleted';
}

/** `the grading, the letter it lies in, 2 earlier versions`. */
export function contextWords(app: AppView, collection: string | null, used: ContextUsed): string {
  const view = collection === null ? undefined : app.collections[collection];
  const parent = view?.parent ? app.collections[view.parent] : undefined;
  const parts = [
    `the ${view?.noun ?? 'record'}`,
    used.parent !== null && `the ${parent?.noun ?? 'record'} it lies in`,
    used.earlier > 0 && counted(used.earlier, 'earlier version', 'earlier versions'),
  ];
  return parts.filter(Boolean).join(', ');
}
