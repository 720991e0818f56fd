/**
 * One question to a model through the gateway, its answer read piece by piece as it comes.
 *
 * Resolves when the answer is whole. Whatever else ends it is thrown as a {@link Fault}: a refusal, an
 * error inside of the stream, a stream that broke off. An abort is thrown as the browser throws it.
 */
import { onAccountOf } from './client';
import { eventParser } from './live';
import { asFault, Fault, faultOf, refusalOf } from './problem';
import { session } from './session';

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface Question {
  model: string;
  messages: Message[];
  temperature?: number;
  max_tokens?: number;
  tenant?: string;
}

/** Who answers, and how it came to that: told before the first word. */
export interface AnsweredBy {
  provider: string | null;
  model: string | null;
  isFallback: boolean;
  /** How many were made for it; none for an answer that was kept from before. */
  attempts: number;
  cache: string | null;
  queueWaitMs: number | null;
  /** Leads to what it cost. */
  usageId: string | null;
  requestId: string | null;
}

export interface TokenCounts {
  in: number;
  out: number;
  cached: number;
}

export type Piece =
  | { kind: 'begun'; by: AnsweredBy }
  | { kind: 'text' | 'thinking'; text: string }
  | { kind: 'finish'; reason: string }
  | { kind: 'usage'; tokens: TokenCounts };

/** As much of a chunk as is read here. */
interface Chunk {
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null }; finish_reason?: string | null }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number; prompt_tokens_details?: { cached_tokens?: number } } | null;
}

export async function ask(question: Question, signal: AbortSignal, take: (piece: Piece) => void): Promise<void> {
  const { tenant, ...body } = question;
  const response = await reached(
    session.fetch(
      new Request(new URL('/llm/v1/chat/completions', location.origin), {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'x-mainstay-operation': 'playground', ...onAccountOf(tenant) },
        body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
        signal,
      }),
    ),
    signal,
  );
  if (!response.ok || !response.body) throw faultOf(response, await response.json().catch(() => null));
  const by = answeredBy(response.headers);
  take({ kind: 'begun', by });
  await read(response.body, by.requestId, signal, take);
}

async function read(body: ReadableStream<Uint8Array<ArrayBuffer>>, request: string | null, signal: AbortSignal, take: (piece: Piece) => void): Promise<void> {
  let isWhole = false;
  const feed = eventParser(({ data }) => {
    if (isWhole) return;
    if (data === '[DONE]') isWhole = true;
    else for (const piece of piecesOf(data, request)) take(piece);
  });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    while (!isWhole) {
      const { done, value } = await reader.read().catch((thrown: unknown) => {
        if (signal.aborted) throw thrown;
        throw brokenOff(request);
      });
      if (done) throw brokenOff(request);
      feed(value);
    }
  } finally {
    // Nobody reads on: the connection need not be kept.
    reader.cancel().catch(() => undefined);
  }
}

function piecesOf(data: string, request: string | null): Piece[] {
  let chunk: Chunk;
  try {
    chunk = JSON.parse(data) as Chunk;
  } catch {
    throw new Fault({ title: 'A piece of the answer cannot be read', status: 200, code: 'unreadable_answer', request_id: request ?? undefined });
  }
  const refused = refusalOf(chunk, 200, request);
  if (refused) throw new Fault(refused);
  const { delta, finish_reason: reason } = chunk.choices?.[0] ?? {};
  const { usage } = chunk;
  return [
    ...(delta?.reasoning_content ? [{ kind: 'thinking', text: delta.reasoning_content } as const] : []),
    ...(delta?.content ? [{ kind: 'text', text: delta.content } as const] : []),
    ...(reason ? [{ kind: 'finish', reason } as const] : []),
    ...(usage ? [{ kind: 'usage', tokens: { in: usage.prompt_tokens ?? 0, out: usage.completion_tokens ?? 0, cached: usage.prompt_tokens_details?.cached_tokens ?? 0 } } as const] : []),
  ];
}

function answeredBy(headers: Headers): AnsweredBy {
  const wait = headers.get('x-mainstay-queue-wait-ms');
  return {
    provider: headers.get('x-mainstay-provider'),
    model: headers.get('x-mainstay-model'),
    isFallback: headers.get('x-mainstay-fallback') === 'true',
    attempts: Number(headers.get('x-mainstay-attempts')),
    cache: headers.get('x-mainstay-cache'),
    queueWaitMs: wait === null ? null : Number(wait),
    usageId: headers.get('x-mainstay-usage-id'),
    requestId: headers.get('x-request-id'),
  };
}

async function reached(response: Promise<Response>, signal: AbortSignal): Promise<Response> {
  try {
    return await response;
  } catch (thrown) {
    throw signal.aborted ? thrown : asFault(thrown);
  }
}

function brokenOff(request: string | null): Fault {
  return new Fault({
    title: 'The answer broke off',
    status: 200,
    code: 'broken_off',
    detail: 'The stream ended before the answer was whole. What came of it stands above.',
    hint: 'Ask again; the request’s id leads to the server’s log.',
    request_id: request ?? undefined,
  });
}
