/**
 * An answer while it comes: what was told of it so far, and how fast.
 *
 * Pure: what is told and the clock are handed in. {@link heard} is how an answer grows, {@link drawn} how it
 * stands among the messages that are kept.
 */
import type { Told } from '../../api/asking';
import type { Fault } from '../../api/problem';
import type { AnswerEvent, Citation, ContextUsed, Json, JsonObject, MessageView } from '../../api/types';
import { faultIn, stageIn } from './words';

export interface Live {
  id: number;
  tenant?: string;
  assistant: string;
  /** None until a new one is made. */
  chat: string | null;
  /** What a new one is about. */
  record: string | null;
  question: string;
  web: boolean;
  /** The last question once more: its answer takes the place of the old one. */
  isAgain: boolean;
  run: string | null;
  state: 'waiting' | 'answering' | 'done' | 'stopped' | 'failed';
  /** What is done before the first word. */
  stage: string;
  /** The line is cut at this moment. */
  isCut: boolean;
  /** Somebody pressed the button. */
  isStopping: boolean;
  text: string;
  citations: Citation[];
  /** What could be asked next. */
  followups: string[];
  /** What the reader should know of how it was made. */
  notes: string[];
  model: string | null;
  isQuoting: boolean;
  finish: AnswerEvent['finish'];
  /** How much of the question was used, when it was cut. */
  cut: { used: number; of: number } | null;
  questionId: string | null;
  answerId: string | null;
  /** Milliseconds on the browser's clock. */
  askedAt: number;
  firstAt: number | null;
  endedAt: number | null;
  /** Why it did not become whole. */
  fault: Fault | null;
}

export type Asked = Pick<Live, 'id' | 'tenant' | 'assistant' | 'chat' | 'question' | 'web'> & Partial<Pick<Live, 'record' | 'isAgain' | 'run' | 'questionId'>>;

export function begun(asked: Asked, at: number): Live {
  return {
    record: null,
    isAgain: false,
    run: null,
    questionId: null,
    ...asked,
    state: 'waiting',
    stage: 'Asking',
    isCut: false,
    isStopping: false,
    text: '',
    citations: [],
    followups: [],
    notes: [],
    model: null,
    isQuoting: false,
    finish: undefined,
    cut: null,
    answerId: null,
    askedAt: at,
    firstAt: null,
    endedAt: null,
    fault: null,
  };
}

export function heard(live: Live, { name, data }: Told, at: number): Live {
  switch (name) {
    case 'meta':
      return withStage(live, data);
    case 'saved':
      return { ...live, chat: data.chat_id ?? live.chat, questionId: data.question_message_id ?? live.questionId, answerId: data.answer_message_id ?? live.answerId };
    case 'start':
      return { ...live, chat: data.chat_id ?? live.chat, model: data.model_used ?? null, isQuoting: data.quoting ?? false, stage: data.quoting ? 'Looking for what to quote' : 'Waiting for the first word' };
    case 'delta':
      return { ...live, state: 'answering', firstAt: live.firstAt ?? at, text: live.text + (data.content ?? '') };
    case 'followups':
      return { ...live, followups: data.followups ?? [] };
    case 'usage':
      return live;
    case 'done':
      return {
        ...live,
        state: 'done',
        endedAt: at,
        citations: data.citations ?? live.citations,
        followups: data.followups ?? live.followups,
        finish: data.finish,
        cut: data.input_truncated ? { used: data.used_question_length ?? 0, of: data.original_question_length ?? 0 } : null,
        answerId: data.answer_message_id ?? live.answerId,
        questionId: data.question_message_id ?? live.questionId,
      };
    case 'error':
      return ended({ ...live, answerId: data.answer_message_id ?? live.answerId }, data.code === 'cancelled' ? 'stopped' : 'failed', at, faultIn(data));
  }
}

/** An answer that does not become whole. */
export function ended(live: Live, state: 'stopped' | 'failed', at: number, fault: Fault): Live {
  return { ...live, state, isCut: false, endedAt: at, fault };
}

export function isUnderWay({ state }: Pick<Live, 'state'>): boolean {
  return state === 'waiting' || state === 'answering';
}

function withStage(live: Live, data: AnswerEvent): Live {
  const { stage, note } = stageIn(data);
  return {
    ...live,
    stage: stage ?? live.stage,
    notes: note && !live.notes.includes(note) ? [...live.notes, note] : live.notes,
    citations: data.stage === 'citations' ? (data.list ?? []) : live.citations,
  };
}

/** What is shown of a chat while an answer comes: each thing once, whether it is kept yet or not. */
export function drawn(kept: MessageView[], live: Live | null): { messages: MessageView[]; live: Live | null; question: string | null } {
  if (!live || (live.answerId !== null && !isUnderWay(live) && kept.some((it) => it.id === live.answerId))) return { messages: kept, live: null, question: null };
  const last = kept.at(-1);
  // The old answer goes as soon as the new one is on its way, and comes back when there is none.
  const isReplaced = live.isAgain && last?.role === 'assistant' && (isUnderWay(live) || live.text !== '');
  const isKept = live.isAgain || kept.some((it) => it.id === live.questionId);
  return { messages: isReplaced ? kept.slice(0, -1) : kept, live, question: isKept ? null : live.question };
}

/** What could be asked next: behind the last answer, and only as long as nothing comes behind that. */
export function nextOf({ messages, live }: Pick<ReturnType<typeof drawn>, 'messages' | 'live'>): string[] {
  if (live) return live.state === 'done' ? live.followups : [];
  const last = messages.at(-1);
  return last?.role === 'assistant' ? last.followups : [];
}

/** The figures of an answer, as far as they are known. */
export interface Figures {
  model: string | null;
  tokens: number | null;
  /** Null when no price is known, undefined when nothing was paid for. */
  costUsd: number | null | undefined;
  confidence: number | null;
  firstMs: number | null;
  totalMs: number | null;
}

/** How an answer was made: kept with it, but for the times, which only this page has measured. */
export function figuresOf(message: MessageView, live: Live | undefined): Figures {
  const { metadata } = message;
  const cost = metadata.cost_usd;
  return {
    model: message.model_used,
    tokens: message.tokens_used,
    costUsd: cost === null || typeof cost === 'number' ? cost : undefined,
    confidence: typeof metadata.confidence === 'number' && message.citations.length > 0 ? metadata.confidence : null,
    firstMs: live && live.firstAt !== null ? live.firstAt - live.askedAt : null,
    totalMs: live && live.endedAt !== null ? live.endedAt - live.askedAt : null,
  };
}

/** What the reader should know of how a kept answer was made. */
export function notesOf({ metadata }: Pick<MessageView, 'metadata'>): string[] {
  const { degraded, message, error } = objectIn(metadata.retrieval);
  const web = objectIn(metadata.web);
  return [error ? textIn(message) : textIn(degraded), web.error ? 'The web could not be searched; the answer goes on without it.' : null].filter((it): it is string => it !== null);
}

/** What went along with the question; nothing where it was about no record. */
export function contextOf({ metadata }: Pick<MessageView, 'metadata'>): ContextUsed | null {
  const { record, parent, earlier } = objectIn(metadata.context_used);
  const about = textIn(record);
  return about === null ? null : { record: about, parent: textIn(parent), earlier: typeof earlier === 'number' ? earlier : 0 };
}

/** Did it only quote? */
export function isQuote({ model_used, metadata }: Pick<MessageView, 'model_used' | 'metadata'>): boolean {
  return model_used === 'quotes' || metadata.quoting === true;
}

function objectIn(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

function textIn(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
