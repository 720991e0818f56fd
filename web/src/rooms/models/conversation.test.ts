import { describe, expect, it } from 'vitest';

import type { Piece } from '../../api/chat';
import type { UsageRow } from '../../api/types';
import { type Answer, asked, costOf, ended, type Exchange, messagesOf, received, speedOf } from './conversation';

const PIECES: [Piece, number][] = [
  [{ kind: 'text', text: 'Two ' }, 300],
  [{ kind: 'text', text: 'words' }, 800],
  [{ kind: 'finish', reason: 'stop' }, 800],
  [{ kind: 'usage', tokens: { in: 9, out: 51, cached: 0 } }, 1300],
];

function said(text: string): Answer {
  return ended(received(asked(0), { kind: 'text', text }, 1), 'done', 2);
}

function exchange(id: number, question: string, answer: Answer): Exchange {
  return { id, model: 'm', question, answer };
}

function row(fields: Partial<UsageRow>): UsageRow {
  return { tokens_in: 10, tokens_out: 5, tokens_cached: 0, cost_usd: 0.01, estimated: false, ...fields } as UsageRow;
}

describe('a conversation', () => {
  it('grows by pieces, and knows when the first of them came', () => {
    const answer = PIECES.reduce((all, [piece, at]) => received(all, piece, at), asked(100));
    expect(answer).toMatchObject({ state: 'answering', text: 'Two words', finish: 'stop', tokens: { in: 9, out: 51, cached: 0 }, firstAt: 300 });
    expect(speedOf(ended(answer, 'done', 1300))).toEqual({ firstMs: 200, totalMs: 1200, tokensPerSecond: 50 });
  });

  it('says no speed where none can be known', () => {
    expect(speedOf(asked(0))).toEqual({ firstMs: null, totalMs: null, tokensPerSecond: null });
    expect(speedOf(said('at once')).tokensPerSecond).toBeNull();
  });

  it('goes along with the next question, but for what got no word', () => {
    const before = [exchange(1, 'One?', said('Yes.')), exchange(2, 'Two?', ended(asked(0), 'failed', 1)), exchange(3, 'Three?', ended(received(asked(0), { kind: 'text', text: 'Per' }, 1), 'stopped', 2))];
    expect(messagesOf(' Be short. ', before, 'Four?').map((it) => `${it.role}: ${it.content}`)).toEqual(['system: Be short.', 'user: One?', 'assistant: Yes.', 'user: Three?', 'assistant: Per', 'user: Four?']);
    expect(messagesOf('', [], 'One?')).toEqual([{ role: 'user', content: 'One?' }]);
  });

  it('costs what all its attempts cost, and an unknown amount when one of them does', () => {
    expect(costOf([], 0)).toBeNull();
    expect(costOf([row({ cost_usd: 0 })], 2)).toBeNull();
    expect(costOf([row({ cost_usd: 0 })], 0)?.usd).toBe(0);
    expect(costOf([row({}), row({ estimated: true, tokens_out: 1 })], 2)).toEqual({ usd: 0.02, tokens: { in: 20, out: 6, cached: 0 }, isEstimated: true, attempts: 2 });
    expect(costOf([row({}), row({ cost_usd: null })], 2)?.usd).toBeNull();
  });
});
