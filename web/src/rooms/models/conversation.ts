/**
 * What was asked and answered in the playground, and how fast and at what price.
 *
 * Pure: pieces and the clock are handed in. {@link received} is how an answer grows.
 */
import type { AnsweredBy, Message, Piece, TokenCounts } from '../../api/chat';
import type { Fault } from '../../api/problem';
import type { UsageRow } from '../../api/types';

export interface Answer {
  state: 'waiting' | 'answering' | 'done' | 'stopped' | 'failed';
  text: string;
  thinking: string;
  /** Why the model ended: `stop`, `length`… */
  finish: string | null;
  by: AnsweredBy | null;
  tokens: TokenCounts | null;
  /** Milliseconds on the browser's clock. */
  askedAt: number;
  firstAt: number | null;
  endedAt: number | null;
  fault: Fault | null;
  cost: Cost | null;
}

/** What the ledger says of a question: `usd` is null when a price is not known. */
export interface Cost {
  usd: number | null;
  tokens: TokenCounts;
  isEstimated: boolean;
  attempts: number;
}

export interface Exchange {
  id: number;
  model: string;
  question: string;
  answer: Answer;
}

export function asked(at: number): Answer {
  return { state: 'waiting', text: '', thinking: '', finish: null, by: null, tokens: null, askedAt: at, firstAt: null, endedAt: null, fault: null, cost: null };
}

export function received(answer: Answer, piece: Piece, at: number): Answer {
  switch (piece.kind) {
    case 'begun':
      return { ...answer, by: piece.by };
    case 'text':
    case 'thinking':
      return { ...answer, state: 'answering', firstAt: answer.firstAt ?? at, [piece.kind]: answer[piece.kind] + piece.text };
    case 'finish':
      return { ...answer, finish: piece.reason };
    case 'usage':
      return { ...answer, tokens: piece.tokens };
  }
}

export function ended(answer: Answer, state: 'done' | 'stopped' | 'failed', at: number, fault: Fault | null = null): Answer {
  return { ...answer, state, endedAt: at, fault };
}

/** What goes along with the next question: what was said before. A question that got no word is left out. */
export function messagesOf(system: string, before: Exchange[], question: string): Message[] {
  return [
    ...(system.trim() ? [{ role: 'system', content: system.trim() } as const] : []),
    ...before
      .filter((it) => it.answer.text)
      .flatMap((it): Message[] => [
        { role: 'user', content: it.question },
        { role: 'assistant', content: it.answer.text },
      ]),
    { role: 'user', content: question },
  ];
}

/**
 * Several attempts may stand behind one question; all of them cost. Null until all are in the ledger: those that were
 * refused are there before the one that answered.
 */
export function costOf(rows: UsageRow[], attempts: number): Cost | null {
  // An answer that was kept from before took no attempt, and has a row.
  if (rows.length < Math.max(attempts, 1)) return null;
  const sum = (of: (row: UsageRow) => number) => rows.reduce((all, row) => all + of(row), 0);
  return {
    usd: rows.some((it) => it.cost_usd === null) ? null : sum((it) => it.cost_usd ?? 0),
    tokens: { in: sum((it) => it.tokens_in), out: sum((it) => it.tokens_out), cached: sum((it) => it.tokens_cached) },
    isEstimated: rows.some((it) => it.estimated),
    attempts: rows.length,
  };
}

export interface Speed {
  firstMs: number | null;
  totalMs: number | null;
  /** Of the answer, from its first word on. */
  tokensPerSecond: number | null;
}

export function speedOf({ askedAt, firstAt, endedAt, tokens }: Answer): Speed {
  const saying = firstAt !== null && endedAt !== null ? endedAt - firstAt : 0;
  return {
    firstMs: firstAt === null ? null : firstAt - askedAt,
    totalMs: endedAt === null ? null : endedAt - askedAt,
    // Of one piece nobody can say how fast it came.
    tokensPerSecond: tokens && tokens.out > 1 && saying >= 10 ? ((tokens.out - 1) / saying) * 1000 : null,
  };
}
