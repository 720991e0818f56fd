import { describe, expect, it } from 'vitest';

import type { QuestionAnswer, TurnView } from '../../api/types';
import { answered, joined } from './turns';

const turn = (id: string) => ({ id, question: id, answer: 'A', followups: [], language: 'en', result: { columns: [], rows: [], row_count: 0, is_cut: false }, from_cache: false }) as unknown as TurnView;
const answer = (more: Partial<QuestionAnswer>) => ({ answered: true, answer: 'A', is_phrased: true, error: null, error_code: null, reformulated: null, context_exceeded: false, followups: [], conversation: 'c', turn: null, language: 'nl', category: null, result: null, from_cache: false, model_used: null, tokens_used: 0, response_ms: 2100, ...more }) as QuestionAnswer;

describe('a conversation', () => {
  it('shows what was just said once, whether it is kept by now or not', () => {
    const now = [answered('one', answer({ turn: '1' })), answered('two', answer({ answered: false, error: 'Dat weet ik niet.', answer: null }))];
    expect(joined([], now).map((it) => it.question)).toEqual(['one', 'two']);
    expect(joined([turn('0'), turn('1')], now).map((it) => it.question)).toEqual(['0', 'one', 'two']);
  });

  it('says of a question without an answer why, and what could be asked instead', () => {
    const it = answered('x', answer({ answered: false, answer: null, error: 'No.', reformulated: 'How many?' }));
    expect([it.answer, it.error, it.instead]).toEqual([null, 'No.', 'How many?']);
  });

  it('tells how an answer came about', () => {
    expect(answered('x', answer({ tokens_used: 1, model_used: 'small' })).facts).toEqual(['2.1 s', '1 token', 'small']);
    expect(answered('x', answer({ from_cache: true, is_phrased: false })).facts).toEqual(['answered before', 'not put into words']);
  });
});
