/** The playground while one is in the room of models: it goes on answering when another tab is looked at. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { type AnsweredBy, ask } from '../../api/chat';
import { asFault } from '../../api/problem';
import { askedQuery } from '../../api/queries';
import { useHouse } from '../../app/house';
import { announce } from '../../ui/Toast';
import { type Answer, asked, costOf, ended, type Exchange, messagesOf, received } from './conversation';

export interface Settings {
  /** Empty until one is chosen: then it is the first that can be asked. */
  model: string;
  system: string;
  /** As typed; empty leaves it to the provider. */
  temperature: string;
  maxTokens: string;
}

export interface Playground {
  settings: Settings;
  set: (next: Partial<Settings>) => void;
  exchanges: Exchange[];
  isAnswering: boolean;
  ask: (question: string, model: string) => void;
  /** Asks the last question once more. */
  again: () => void;
  stop: () => void;
  clear: () => void;
}

/** The ledger is written a moment after the answer: so it is asked several times. */
const LEDGER_WAITS_MS = [150, 400, 1_000, 2_500];

export function usePlayground(): Playground {
  const { tenant, can } = useHouse();
  const client = useQueryClient();
  const [settings, setSettings] = useState<Settings>({ model: '', system: '', temperature: '', maxTokens: '' });
  const [exchanges, setExchanges] = useState<Exchange[]>([]);
  const running = useRef<AbortController>(null);
  const next = useRef(1);
  useEffect(() => () => running.current?.abort(), []);

  const change = (id: number, act: (answer: Answer) => Answer) => setExchanges((all) => all.map((it) => (it.id === id ? { ...it, answer: act(it.answer) } : it)));

  const readCost = async (id: number, usageId: string, attempts: number) => {
    for (const [at, wait] of LEDGER_WAITS_MS.entries()) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      const page = await client.fetchQuery({ ...askedQuery(usageId), staleTime: 0 }).catch(() => null);
      // An attempt that reached nobody has no row: in the end what is there is all.
      const isLast = at === LEDGER_WAITS_MS.length - 1;
      const cost = page && costOf(page.items, isLast ? 1 : attempts);
      if (cost) return change(id, (answer) => ({ ...answer, cost }));
    }
  };

  const begin = async (question: string, model: string, before: Exchange[]) => {
    const stopping = new AbortController();
    running.current = stopping;
    const id = next.current++;
    setExchanges([...before, { id, model, question, answer: asked(performance.now()) }]);
    const begun: AnsweredBy[] = [];
    try {
      await ask(
        { model, messages: messagesOf(settings.system, before, question), temperature: numberOf(settings.temperature), max_tokens: numberOf(settings.maxTokens), tenant },
        stopping.signal,
        (piece) => {
          if (piece.kind === 'begun') begun.push(piece.by);
          const at = performance.now();
          change(id, (answer) => received(answer, piece, at));
        },
      );
      change(id, (answer) => ended(answer, 'done', performance.now()));
      announce('The answer is whole.');
    } catch (thrown) {
      const isStopped = stopping.signal.aborted;
      change(id, (answer) => ended(answer, isStopped ? 'stopped' : 'failed', performance.now(), isStopped ? null : asFault(thrown)));
    } finally {
      if (running.current === stopping) running.current = null;
    }
    const [by] = begun;
    if (by?.usageId && can('read_usage')) await readCost(id, by.usageId, by.attempts);
  };

  const last = exchanges.at(-1);
  const isAnswering = last?.answer.state === 'waiting' || last?.answer.state === 'answering';
  return {
    settings,
    set: (changed) => setSettings((now) => ({ ...now, ...changed })),
    exchanges,
    isAnswering,
    ask: (question, model) => !isAnswering && void begin(question, model, exchanges),
    again: () => last && !isAnswering && void begin(last.question, last.model, exchanges.slice(0, -1)),
    stop: () => running.current?.abort(),
    clear: () => {
      running.current?.abort();
      setExchanges([]);
    },
  };
}

function numberOf(text: string): number | undefined {
  const value = Number(text);
  return text.trim() === '' || !Number.isFinite(value) ? undefined : value;
}
