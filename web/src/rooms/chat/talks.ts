/**
 * The answers that come while this page is open. They go on while another room is looked at: an answer
 * that nobody listens to is stopped by the server after a while.
 *
 * Knows no React; {@link useTalks} ties it to a page.
 */
import type { QueryClient } from '@tanstack/react-query';

import { ask, askAgain, type Listener, listen, stop } from '../../api/asking';
import { asFault } from '../../api/problem';
import { session } from '../../api/session';
import { announce, toastFault } from '../../ui/Toast';
import { type Asked, begun, ended, heard, isUnderWay, type Live } from './answer';
import { faultIn, spoken } from './words';

/** Answers that are over are remembered for what only this page knows of them. */
const REMEMBERED = 50;
/** A new chat gets its title a moment after its first answer. */
const TITLE_MS = [1_500, 5_000];

class Talks {
  #all: Live[] = [];
  #listeners = new Set<() => void>();
  #reading = new Map<number, AbortController>();
  #next = 1;

  /** Newest last. */
  get all(): Live[] {
    return this.#all;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  ask(client: QueryClient, asked: Omit<Asked, 'id'>): number {
    const { tenant, assistant, chat, record, question, web } = asked;
    const body = { tenant, question, ...(chat === null ? { assistant, ...(record ? { record } : {}) } : { chat }), ...(web ? { web } : {}) };
    return this.#begin(client, asked, (signal, listener) => ask(body, signal, listener));
  }

  again(client: QueryClient, asked: Omit<Asked, 'id'> & { chat: string }): number {
    return this.#begin(client, { ...asked, isAgain: true }, (signal, listener) => askAgain(asked.chat, asked.web ? { web: true } : {}, signal, listener));
  }

  /** Goes on with an answer that was begun before this page was opened. */
  join(client: QueryClient, asked: Omit<Asked, 'id'> & { run: string }): number {
    return this.#begin(client, asked, (signal, listener) => listen(asked.run, signal, listener));
  }

  /** The server is asked to stop; what it has written is kept. Where it cannot be reached, nobody listens on at least. */
  stop(id: number): void {
    const live = this.#all.find((it) => it.id === id);
    if (!live || !isUnderWay(live) || live.isStopping) return;
    this.#change(id, (it) => ({ ...it, isStopping: true }));
    if (live.run === null) return this.#reading.get(id)?.abort();
    stop(live.run).catch((thrown: unknown) => {
      toastFault(thrown);
      this.#reading.get(id)?.abort();
    });
  }

  /** Nobody is signed in any more. */
  clear(): void {
    for (const it of this.#reading.values()) it.abort();
    this.#all = [];
    this.#tell();
  }

  #begin(client: QueryClient, asked: Omit<Asked, 'id'>, read: (signal: AbortSignal, listener: Listener) => Promise<void>): number {
    const id = this.#next++;
    // The server stops an answer when a new question comes in the same chat; so its line is let go.
    for (const it of this.#all) if (asked.chat !== null && it.chat === asked.chat && isUnderWay(it)) this.#reading.get(it.id)?.abort();
    this.#all = [...this.#all.slice(-REMEMBERED), begun({ ...asked, id }, performance.now())];
    this.#tell();
    void this.#follow(client, id, read);
    return id;
  }

  async #follow(client: QueryClient, id: number, read: (signal: AbortSignal, listener: Listener) => Promise<void>): Promise<void> {
    const stopping = new AbortController();
    const isNew = this.#of(id)?.chat === null;
    this.#reading.set(id, stopping);
    let stage = '';
    const listener: Listener = {
      onRun: (run) => this.#change(id, (it) => ({ ...it, run })),
      onCut: (isCut) => this.#change(id, (it) => ({ ...it, isCut })),
      onTold: (told) => {
        const before = this.#of(id)?.chat;
        this.#change(id, (it) => heard(it, told, performance.now()));
        const now = this.#of(id);
        if (now?.state === 'waiting' && now.stage !== stage) announce((stage = now.stage));
        if (now && now.chat !== before) void client.invalidateQueries({ queryKey: ['chats'] });
      },
    };
    try {
      await read(stopping.signal, listener);
      const live = this.#of(id);
      if (live?.state === 'done') announce(spoken(live.text, live.citations.length));
    } catch (thrown) {
      const isStopped = stopping.signal.aborted;
      this.#change(id, (it) => ended(it, isStopped ? 'stopped' : 'failed', performance.now(), isStopped ? faultIn({ code: 'cancelled', message: 'You stopped it.' }) : asFault(thrown)));
    } finally {
      this.#reading.delete(id);
    }
    await this.#settle(client, id, isNew);
  }

  /** What was kept of it is read. */
  async #settle(client: QueryClient, id: number, isNew: boolean): Promise<void> {
    const live = this.#of(id);
    if (!live?.chat) return;
    for (const key of [['messages', live.chat], ['chat', live.chat], ['chats']]) void client.invalidateQueries({ queryKey: key });
    if (live.state !== 'done' || !isNew) return;
    for (const wait of TITLE_MS) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (!this.#of(id)) return;
      for (const key of [['chat', live.chat], ['chats']]) void client.invalidateQueries({ queryKey: key });
    }
  }

  #of(id: number): Live | undefined {
    return this.#all.find((it) => it.id === id);
  }

  #change(id: number, act: (live: Live) => Live): void {
    this.#all = this.#all.map((it) => (it.id === id ? act(it) : it));
    this.#tell();
  }

  #tell(): void {
    for (const it of this.#listeners) it();
  }
}

export const talks = new Talks();

// What one person asked is not for the next one at this browser.
session.subscribe(() => {
  if (!session.isSignedIn) talks.clear();
});
