/**
 * Files on their way to the server: a few at a time, each with how far it is and what became of it.
 *
 * They belong to the browser's tab, not to a page: who walks on to another room does not stop them.
 * Start at {@link Uploads.add}.
 */
import { answer, api } from '../../api/client';
import { sending } from '../../api/sending';
import { session } from '../../api/session';
import type { DocumentView } from '../../api/types';

/** What is said of files when they are chosen. */
export interface Said {
  tenant?: string;
  tags: string[];
  shared: boolean;
}

export interface Upload {
  id: number;
  name: string;
  size: number;
  phase: 'waiting' | 'sending' | 'there' | 'refused';
  /** Percent that has gone out. */
  sent: number;
  document: DocumentView | null;
  fault: unknown;
}

type Send = (file: File, said: Said, onSent: (percent: number) => void, signal: AbortSignal) => Promise<DocumentView>;

export class Uploads {
  #send: Send;
  #atOnce: number;
  #list: readonly Upload[] = [];
  #given = new Map<number, { file: File; said: Said; stop: AbortController }>();
  #listeners = new Set<() => void>();
  #next = 1;

  constructor(send: Send, atOnce = 2) {
    this.#send = send;
    this.#atOnce = atOnce;
  }

  /** All of this tab, the first one first. */
  list = (): readonly Upload[] => this.#list;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get isBusy(): boolean {
    return this.#list.some((it) => it.phase === 'waiting' || it.phase === 'sending');
  }

  /** Those that `refusal` finds a fault with do not go out, unless somebody wants it all the same. */
  add(files: Iterable<File>, said: Said, refusal: (file: File) => Error | null = () => null): void {
    const added = Array.from(files, (file): Upload => {
      const id = this.#next++;
      this.#given.set(id, { file, said, stop: new AbortController() });
      const fault = refusal(file);
      return { id, name: file.name, size: file.size, phase: fault ? 'refused' : 'waiting', sent: 0, document: null, fault };
    });
    this.#set([...this.#list, ...added]);
    this.#begin();
  }

  /** Sends one once more that did not arrive. */
  again(id: number): void {
    this.#change(id, { phase: 'waiting', sent: 0, fault: null });
    this.#begin();
  }

  /** Takes one off the list, and stops it when it is under way. */
  dismiss(id: number): void {
    this.#given.get(id)?.stop.abort();
    this.#given.delete(id);
    this.#set(this.#list.filter((it) => it.id !== id));
    this.#begin();
  }

  /** Takes those off the list that are done with. */
  tidy(): void {
    for (const it of this.#list) if (it.phase === 'there') this.dismiss(it.id);
  }

  /** Stops all of them. */
  clear(): void {
    for (const { stop } of this.#given.values()) stop.abort();
    this.#given.clear();
    this.#set([]);
  }

  #begin(): void {
    const free = this.#atOnce - this.#list.filter((it) => it.phase === 'sending').length;
    const next = this.#list.filter((it) => it.phase === 'waiting').slice(0, Math.max(0, free));
    for (const { id } of next) void this.#run(id);
  }

  async #run(id: number): Promise<void> {
    const given = this.#given.get(id);
    if (!given) return;
    this.#change(id, { phase: 'sending', sent: 0 });
    try {
      const document = await this.#send(given.file, given.said, (sent) => this.#change(id, { sent }), given.stop.signal);
      // The file itself is not needed any more.
      this.#given.delete(id);
      this.#change(id, { phase: 'there', sent: 100, document });
    } catch (fault) {
      this.#change(id, { phase: 'refused', fault });
    }
    this.#begin();
  }

  #change(id: number, fields: Partial<Upload>): void {
    this.#set(this.#list.map((it) => (it.id === id ? { ...it, ...fields } : it)));
  }

  #set(list: readonly Upload[]): void {
    this.#list = list;
    for (const listener of this.#listeners) listener();
  }
}

/** Those of this tab. */
export const uploads = new Uploads((file, { tenant, tags, shared }, onSent, signal) =>
  answer(api.POST('/api/documents', { body: { file, tenant, tags, shared }, bodySerializer: asForm, fetch: session.through(sending(onSent)), signal })),
);

/** A list goes as one field for each of its values. Files last: a server that reads as it comes knows the fields before them. */
export function asForm({ file, tenant, tags, shared }: { file?: Blob; tenant?: string | null; tags?: string[] | null; shared?: boolean | null }): FormData {
  const form = new FormData();
  if (tenant) form.append('tenant', tenant);
  for (const tag of tags ?? []) form.append('tags', tag);
  if (shared) form.append('shared', 'true');
  if (file) form.append('file', file, file instanceof File ? file.name : undefined);
  return form;
}

// What one person sends is not for the next one at this browser.
session.subscribe(() => {
  if (!session.isSignedIn) uploads.clear();
});

// Closing the tab loses what is under way: the browser asks first.
addEventListener('beforeunload', (event) => {
  if (uploads.isBusy) event.preventDefault();
});
