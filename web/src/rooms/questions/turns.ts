/** What is drawn of a conversation: what was kept, and what was only just said. Pure. */
import { counted } from '../../api/description';
import type { QuestionAnswer, QuestionResult, TurnView } from '../../api/types';
import { number, span } from '../../ui/format';

export interface Turn {
  /** None for a question that got no answer: it is not kept. */
  id: string | null;
  question: string;
  answer: string | null;
  /** Why there is none, in the language of the question. */
  error: string | null;
  errorCode: string | null;
  /** A question that could be answered instead. */
  instead: string | null;
  isFull: boolean;
  followups: string[];
  language: string;
  result: QuestionResult | null;
  fromCache: boolean;
  facts: string[];
}

export function kept(turn: TurnView): Turn {
  return { id: turn.id, question: turn.question, answer: turn.answer, error: null, errorCode: null, instead: null, isFull: false, followups: turn.followups, language: turn.language, result: turn.result, fromCache: turn.from_cache, facts: turn.from_cache ? ['answered before'] : [] };
}

export function answered(question: string, it: QuestionAnswer): Turn {
  return {
    id: it.turn,
    question,
    answer: it.answered ? it.answer : null,
    error: it.error,
    errorCode: it.error_code,
    instead: it.reformulated,
    isFull: it.context_exceeded,
    followups: it.followups,
    language: it.language,
    result: it.result,
    fromCache: it.from_cache,
    facts: factsOf(it),
  };
}

/** What was kept, then what was just said and is not among it. */
export function joined(before: TurnView[], now: Turn[]): Turn[] {
  const known = new Map(now.flatMap((it) => (it.id ? [[it.id, it] as const] : [])));
  const all = before.map((it) => known.get(it.id) ?? kept(it));
  const ids = new Set(before.map((it) => it.id));
  return [...all, ...now.filter((it) => it.id === null || !ids.has(it.id))];
}

/** How the answer came about: `2.1 s`, `1,204 tokens`, the model. */
function factsOf(it: QuestionAnswer): string[] {
  return [
    it.category ?? '',
    it.from_cache ? 'answered before' : span(it.response_ms),
    it.tokens_used > 0 ? counted(it.tokens_used, 'token', 'tokens') : '',
    it.model_used ?? '',
    it.result ? `${number(it.result.row_count)} found` : '',
    it.answered && !it.is_phrased ? 'not put into words' : '',
  ].filter(Boolean);
}
