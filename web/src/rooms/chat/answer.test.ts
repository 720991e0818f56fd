import { describe, expect, it } from 'vitest';

import type { Told } from '../../api/asking';
import type { AnswerEvent, Citation, MessageView } from '../../api/types';
import { begun, contextOf, drawn, figuresOf, heard, isUnderWay, type Live, nextOf, notesOf } from './answer';
import { faultIn, spoken } from './words';

const SOURCE: Citation = { number: 1, type: 'rag', title: 'Manual', url: null, doc_id: 'd1', chunk_id: 'k1', record_id: null, page: 2, start_char: 10, end_char: 40, score: 0.8 };

function told(name: Told['name'], data: AnswerEvent): Told {
  return { name, data };
}

function asked(more: Partial<Live> = {}): Live {
  return { ...begun({ id: 1, assistant: 'guide', chat: null, question: 'How often?', web: false }, 100), ...more };
}

function grown(live: Live, ...all: Told[]): Live {
  return all.reduce((it, one, index) => heard(it, one, 200 + index * 100), live);
}

function message(role: MessageView['role'], id: string, more: Partial<MessageView> = {}): MessageView {
  return { id, chat_id: 'c1', role, content: id, state: 'whole', model_used: null, tokens_used: null, metadata: {}, sources: [], citations: [], followups: [], run: null, created_at: '2026-01-01T00:00:00Z', ...more };
}

const BEFORE = [
  told('meta', { stage: 'rag_gate', rag_enabled: true, documents_attached: false }),
  told('meta', { stage: 'embeddings' }),
  told('meta', { stage: 'retrieval', returned: 3, degraded: 'The search by meaning is away; words alone were looked for.' }),
  told('meta', { stage: 'citations', count: 1, list: [SOURCE] }),
  told('saved', { question_message_id: 'q1', chat_id: 'c1' }),
  told('start', { chat_id: 'c1', model_used: 'openai/gpt-4o', quoting: false }),
];

describe('an answer that comes', () => {
  it('says what is done until its first word', () => {
    const stages = BEFORE.map((_, index) => grown(asked(), ...BEFORE.slice(0, index + 1)).stage);
    expect(stages).toEqual(['Looking round', 'Looking up documents', 'Found 3 passages', 'Reading 1 source', 'Reading 1 source', 'Waiting for the first word']);
    expect(grown(asked(), told('meta', { stage: 'web_search', progress: 0, message: 'Searching the web' })).stage).toBe('Searching the web');
  });

  it('tells the reader what was not as it should be, once', () => {
    const live = grown(asked(), ...BEFORE, ...BEFORE);
    expect(live.notes).toEqual(['The search by meaning is away; words alone were looked for.']);
    const without = grown(asked(), told('meta', { stage: 'web_search', progress: 100, total_web_results: 0, message: 'The search does not answer; going on without it.' }));
    expect(without.notes).toEqual(['The search does not answer; going on without it.']);
    expect(grown(asked(), told('meta', { stage: 'web_search', progress: 100, total_web_results: 2, message: '2 results of the web' })).notes).toEqual([]);
  });

  it('grows word by word, knows its chat and its sources, and ends', () => {
    const live = grown(asked(), ...BEFORE, told('delta', { content: 'Every ' }), told('delta', { content: 'year [1].' }));
    expect(live).toMatchObject({ state: 'answering', chat: 'c1', questionId: 'q1', text: 'Every year [1].', citations: [SOURCE], firstAt: 800 });
    const done = grown(live, told('saved', { answer_message_id: 'a1', state: 'whole' }), told('done', { citations: [SOURCE], finish: 'length', input_truncated: true, original_question_length: 12_000, used_question_length: 9_990 }));
    expect(done).toMatchObject({ state: 'done', answerId: 'a1', finish: 'length', cut: { used: 9_990, of: 12_000 } });
    expect(isUnderWay(done)).toBe(false);
  });

  it('proposes what could be asked next, once it is whole', () => {
    const live = grown(asked(), ...BEFORE, told('delta', { content: 'Every year.' }), told('followups', { followups: ['And why?'] }));
    expect(live).toMatchObject({ state: 'answering', followups: ['And why?'] });
    expect(nextOf({ messages: [], live })).toEqual([]);
    const done = grown(live, told('usage', {}), told('done', { followups: ['And why?'] }));
    expect(nextOf({ messages: [], live: done })).toEqual(['And why?']);
    // Who came in late heard no more of it than the end.
    expect(grown(asked(), told('done', { followups: ['And why?'] })).followups).toEqual(['And why?']);
    expect(nextOf({ messages: [], live: grown(live, told('error', { code: 'cancelled' })) })).toEqual([]);
  });

  it('does not become whole, and says why and what to do', () => {
    const stopped = grown(asked(), told('error', { code: 'cancelled', message: 'The answer was stopped.', status_code: 409, answer_message_id: 'a1' }));
    expect(stopped).toMatchObject({ state: 'stopped', answerId: 'a1' });
    const failed = grown(asked(), told('error', { code: 'model_rate_limited', message: 'The limit is reached.', status_code: 429, retry_after_s: 20, request_id: 'req_1' }));
    expect(failed.state).toBe('failed');
    expect(failed.fault?.problem).toEqual({ title: 'Too many questions at this moment', detail: 'The limit is reached.', hint: 'Ask again in 20 s.', status: 429, code: 'model_rate_limited', request_id: 'req_1' });
    expect(faultIn({ code: 'something_new' }).problem.title).toBe('The answer did not become whole');
  });
});

describe('a conversation', () => {
  const kept = [message('user', 'q0'), message('assistant', 'a0')];

  it('shows a question once, whether it is kept yet or not', () => {
    const live = asked({ chat: 'c1', questionId: 'q1' });
    expect(drawn(kept, live)).toEqual({ messages: kept, live, question: 'How often?' });
    const later = [...kept, message('user', 'q1')];
    expect(drawn(later, live)).toEqual({ messages: later, live, question: null });
  });

  it('shows an answer once: the kept one as soon as it is there', () => {
    const live = asked({ state: 'done', questionId: 'q1', answerId: 'a1', text: 'Yes.' });
    const later = [...kept, message('user', 'q1'), message('assistant', 'a1')];
    expect(drawn(later, live)).toEqual({ messages: later, live: null, question: null });
  });

  it('proposes what could be asked next behind its last answer alone', () => {
    const [first, last] = [message('assistant', 'a0', { followups: ['And then?'] }), message('assistant', 'a1', { followups: ['And why?'] })];
    expect(nextOf({ messages: [message('user', 'q0'), first, message('user', 'q1'), last], live: null })).toEqual(['And why?']);
    expect(nextOf({ messages: [first, message('user', 'q1')], live: null })).toEqual([]);
    expect(nextOf({ messages: [first], live: asked({ chat: 'c1' }) })).toEqual([]);
    expect(nextOf({ messages: [], live: null })).toEqual([]);
  });

  it('hides the old answer while a new one comes, and shows it again when none came', () => {
    const live = asked({ isAgain: true });
    expect(drawn(kept, live).messages).toEqual([kept[0]]);
    expect(drawn(kept, { ...live, state: 'failed' }).messages).toEqual(kept);
    expect(drawn(kept, { ...live, state: 'failed', text: 'Hal' }).messages).toEqual([kept[0]]);
    expect(drawn(kept, live).question).toBeNull();
  });

  it('knows what an answer took, and of times only what this page has measured', () => {
    const answer = message('assistant', 'a1', { model_used: 'openai/gpt-4o', tokens_used: 812, metadata: { cost_usd: 0.004, confidence: 0.62 }, citations: [SOURCE] });
    expect(figuresOf(answer, undefined)).toEqual({ model: 'openai/gpt-4o', tokens: 812, costUsd: 0.004, confidence: 0.62, firstMs: null, totalMs: null });
    expect(figuresOf({ ...answer, metadata: { cost_usd: null } }, asked({ firstAt: 450, endedAt: 1_100 }))).toMatchObject({ costUsd: null, confidence: null, firstMs: 350, totalMs: 1_000 });
    expect(figuresOf({ ...answer, metadata: {} }, undefined).costUsd).toBeUndefined();
  });

  it('still says later that an answer was made without documents', () => {
    expect(notesOf({ metadata: { retrieval: { degraded: 'By words alone.' } } })).toEqual(['By words alone.']);
    expect(notesOf({ metadata: { retrieval: { error: 'internal', message: 'They could not be searched.' }, web: { error: 'timeout', returned: 0 } } })).toHaveLength(2);
    expect(notesOf({ metadata: { retrieval: { mode: 'hybrid' } } })).toEqual([]);
  });

  it('still says later what went along with a question about a record', () => {
    const context_used = { record: 'r1', parent: 'p1', earlier: 1 };
    expect(contextOf({ metadata: { context_used } })).toEqual(context_used);
    expect(contextOf({ metadata: { context_used: { record: 'r1', parent: null } } })).toEqual({ record: 'r1', parent: null, earlier: 0 });
    expect(contextOf({ metadata: {} })).toBeNull();
  });

  it('reads a short answer out, and of a long one how long it is', () => {
    expect(spoken('Every **year** [1].', 1)).toBe('The answer: Every year . It names 1 source.');
    expect(spoken('word '.repeat(200), 0)).toBe('The answer is there, 200 words.');
  });
});
