import { afterEach, describe, expect, it, vi } from 'vitest';

import { ask, type Piece } from './chat';
import { Fault } from './problem';

const QUESTION = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello?' }] };
const STREAM = [
  ': hello\n\n',
  'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n',
  'data: {"choices":[{"delta":{"reasoning_content":"Hm."}}]}\n\n',
  'data: {"choices":[{"delta":{"content":"Grüß "}}]}\n\n',
  'data: {"choices":[{"delta":{"content":"Gott"},"finish_reason":"stop"}]}\n\n',
  'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":5}}}\n\n',
  'data: [DONE]\n\n',
].join('');
const PIECES: Piece[] = [
  { kind: 'thinking', text: 'Hm.' },
  { kind: 'text', text: 'Grüß ' },
  { kind: 'text', text: 'Gott' },
  { kind: 'finish', reason: 'stop' },
  { kind: 'usage', tokens: { in: 7, out: 3, cached: 5 } },
];

let sent: Request;

function answers(response: () => Response): void {
  vi.stubGlobal('fetch', (request: Request) => {
    sent = request;
    return Promise.resolve(response());
  });
}

/** A stream that arrives in these chunks, and stays open when told so. */
function streamed(chunks: Uint8Array[], headers: Record<string, string> = {}, staysOpen = false): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      if (!staysOpen) controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', ...headers } });
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function heard(signal = new AbortController().signal): Promise<{ pieces: Piece[]; thrown: unknown }> {
  const pieces: Piece[] = [];
  const thrown: unknown = await ask(QUESTION, signal, (piece) => pieces.push(piece)).then(
    () => null,
    (why: unknown) => why,
  );
  return { pieces: pieces.filter((it) => it.kind !== 'begun'), thrown };
}

afterEach(() => vi.unstubAllGlobals());

describe('a question to a model', () => {
  it('is answered piece by piece, wherever the stream is cut', async () => {
    const whole = bytes(STREAM);
    for (let at = 1; at < whole.length; at += 7) {
      answers(() => streamed([whole.slice(0, at), whole.slice(at)]));
      expect(await heard()).toEqual({ pieces: PIECES, thrown: null });
    }
  });

  it('asks for a stream and for the tokens at its end', async () => {
    answers(() => streamed([bytes(STREAM)]));
    await heard();
    expect(await sent.json()).toEqual({ ...QUESTION, stream: true, stream_options: { include_usage: true } });
  });

  it('is told who answers before the first word', async () => {
    answers(() => streamed([bytes(STREAM)], { 'x-mainstay-provider': 'groq', 'x-mainstay-model': 'llama', 'x-mainstay-fallback': 'true', 'x-mainstay-attempts': '2', 'x-mainstay-usage-id': 'use_1', 'x-mainstay-queue-wait-ms': '12' }));
    const pieces: Piece[] = [];
    await ask(QUESTION, new AbortController().signal, (piece) => pieces.push(piece));
    expect(pieces[0]).toEqual({ kind: 'begun', by: { provider: 'groq', model: 'llama', isFallback: true, attempts: 2, cache: null, queueWaitMs: 12, usageId: 'use_1', requestId: null } });
  });

  it('is done at [DONE], though the line stays open', async () => {
    answers(() => streamed([bytes(STREAM)], {}, true));
    expect((await heard()).thrown).toBeNull();
  });

  it('has broken off when the stream ends before [DONE]', async () => {
    answers(() => streamed([bytes(STREAM.slice(0, STREAM.indexOf('data: [DONE]')))], { 'x-request-id': 'req_9' }));
    const { pieces, thrown } = await heard();
    expect(pieces).toEqual(PIECES);
    expect(thrown).toBeInstanceOf(Fault);
    expect((thrown as Fault).problem).toMatchObject({ code: 'broken_off', request_id: 'req_9' });
  });

  it('fails with the error that stands inside of the stream', async () => {
    answers(() => streamed([bytes('data: {"choices":[{"delta":{"content":"So"}}]}\n\ndata: {"error":{"message":"It broke.","type":"server_error","param":null,"code":"provider_failed"},"gateway":{"request_id":"req_1","provider":"groq","attempts":2}}\n\ndata: [DONE]\n\n')]));
    const { pieces, thrown } = await heard();
    expect(pieces).toEqual([{ kind: 'text', text: 'So' }]);
    expect((thrown as Fault).problem).toMatchObject({ title: 'It broke.', detail: 'Asked: groq, 2 attempts in all.', code: 'provider_failed', request_id: 'req_1' });
  });

  it('is refused in the words of the gateway, with its way out and when to come back', async () => {
    const body = { error: { message: 'The budget is used up. Way out: wait.', type: 'insufficient_quota', param: null, code: 'budget_exceeded' }, gateway: { request_id: 'req_2' } };
    answers(() => new Response(JSON.stringify(body), { status: 429, headers: { 'retry-after': '60' } }));
    const { thrown } = await heard();
    expect((thrown as Fault).problem).toEqual({ title: 'The budget is used up.', hint: 'wait.', status: 429, code: 'budget_exceeded', request_id: 'req_2' });
    expect((thrown as Fault).retryAfter).toBe(60);
  });

  it('says so when the gateway cannot be reached', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(((await heard()).thrown as Fault).code).toBe('unreachable');
  });

  it('throws an abort as an abort, whenever it comes', async () => {
    const stopping = new AbortController();
    vi.stubGlobal('fetch', (request: Request) => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(bytes('data: {"choices":[{"delta":{"content":"So"}}]}\n\n'));
          request.signal.addEventListener('abort', () => controller.error(new DOMException('Stopped', 'AbortError')));
        },
      });
      return Promise.resolve(new Response(body));
    });
    const said = heard(stopping.signal);
    setTimeout(() => stopping.abort(), 20);
    const { pieces, thrown } = await said;
    expect(pieces).toEqual([{ kind: 'text', text: 'So' }]);
    expect(thrown).not.toBeInstanceOf(Fault);
    expect((thrown as Error).name).toBe('AbortError');
  });
});
