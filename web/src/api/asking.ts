/**
 * A question to an assistant, and what is told of its answer: event by event, each exactly once.
 *
 * The line may be cut at any moment. Then it is taken up again where it was left, by the id of the last
 * event (`RUN:SEQ`): what comes a second time is left out, and where something is missing nothing is taken
 * until it came. Resolves with the last event, `done` or `error`. A refusal is thrown as a {@link Fault},
 * an abort as the browser throws it.
 *
 * Start at {@link ask}; {@link listen} goes on with an answer that was begun elsewhere.
 */
import { answer, api } from './client';
import { eventParser, pause, type ServerEvent, SILENCE_MS } from './live';
import { asFault, Fault, faultOf } from './problem';
import { session } from './session';
import type { AnswerEvent, RunView } from './types';

const NAMES = ['meta', 'saved', 'start', 'delta', 'followups', 'usage', 'done', 'error'] as const;

export interface Told {
  name: (typeof NAMES)[number];
  data: AnswerEvent;
}

export interface Listener {
  /** Which answer it is; before all else, where that was not known. */
  onRun: (run: string) => void;
  onTold: (told: Told) => void;
  /** The line is cut, or whole again. */
  onCut: (isCut: boolean) => void;
}

export interface Question {
  tenant?: string;
  assistant?: string;
  /** A new one begins when it is left out. */
  chat?: string;
  /** What a new one is about. */
  record?: string;
  question: string;
  web?: boolean;
}

/** How long is waited before a line is taken up again: at first, and at most. */
const WAIT_MS = 500;
const WAIT_MS_MAX = 15_000;
/** So often may something be missing in a row before it is given up. */
const GAPS_MAX = 3;

export function ask(question: Question, signal: AbortSignal, listener: Listener): Promise<void> {
  return follow(posted('/api/ask/stream', question), null, signal, listener);
}

/** The last question of a chat once more. */
export function askAgain(chat: string, how: Pick<Question, 'web'>, signal: AbortSignal, listener: Listener): Promise<void> {
  return follow(posted(`/api/chats/${encodeURIComponent(chat)}/again/stream`, how), null, signal, listener);
}

/** An answer from its beginning, whoever began it. */
export function listen(run: string, signal: AbortSignal, listener: Listener): Promise<void> {
  return follow(onwards(run, 0), run, signal, listener);
}

/** Stops an answer; what was written until then is kept. */
export function stop(run: string): Promise<RunView> {
  return answer(api.POST('/api/runs/{run}/stop', { params: { path: { run } } }));
}

/** How far an answer was heard. */
interface Place {
  run: string | null;
  after: number;
  isOver: boolean;
  isMissing: boolean;
}

async function follow(first: Request, run: string | null, signal: AbortSignal, listener: Listener): Promise<void> {
  const place: Place = { run, after: 0, isOver: false, isMissing: false };
  let request = first;
  let tries = 0;
  let gaps = 0;
  for (;;) {
    const before = place.after;
    place.isMissing = false;
    const wait = await read(request, place, tries > 0, signal, listener);
    if (place.isOver) return;
    signal.throwIfAborted();
    gaps = place.isMissing ? gaps + 1 : 0;
    if (place.run === null || gaps > GAPS_MAX) throw brokenOff();
    if (place.after > before) tries = 0;
    listener.onCut(true);
    await again(wait ?? Math.min(WAIT_MS_MAX, WAIT_MS * 2 ** tries), signal);
    signal.throwIfAborted();
    tries += 1;
    request = onwards(place.run, place.after);
  }
}

/** Reads one line to its end, however it ends. Gives the milliseconds for which the server asks us to stay away. */
async function read(request: Request, place: Place, isAgain: boolean, signal: AbortSignal, listener: Listener): Promise<number | null> {
  const dead = new AbortController();
  const die = () => dead.abort();
  let timer = setTimeout(die, SILENCE_MS);
  try {
    const response = await session.fetch(new Request(request, { signal: AbortSignal.any([signal, dead.signal]) })).catch((thrown: unknown) => {
      if (signal.aborted) throw thrown;
      // Nobody knows whether the server heard the question: it is not asked a second time by itself.
      if (place.run === null) throw asFault(dead.signal.aborted ? new TypeError('silence') : thrown);
      return null;
    });
    if (!response) return null;
    if (!response.ok || !response.body) {
      const fault = faultOf(response, await response.json().catch(() => null));
      if (place.run === null || !fault.passing) throw fault;
      return fault.retryAfter === null ? null : fault.retryAfter * 1000;
    }
    if (isAgain) listener.onCut(false);
    const feed = eventParser((event) => take(event, place, listener));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    try {
      while (!place.isOver && !place.isMissing) {
        const { done, value } = await reader.read().catch((thrown: unknown) => {
          if (signal.aborted) throw thrown;
          return { done: true, value: undefined };
        });
        if (done || value === undefined) return null;
        clearTimeout(timer);
        timer = setTimeout(die, SILENCE_MS);
        feed(value);
      }
    } finally {
      // Nobody reads on: the connection need not be kept.
      reader.cancel().catch(() => undefined);
    }
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function take({ event, data, id }: ServerEvent, place: Place, listener: Listener): void {
  const at = /^(.+):(\d+)$/.exec(id ?? '');
  if (!at?.[1] || place.isOver || place.isMissing) return;
  const seq = Number(at[2]);
  if (place.run === null) {
    place.run = at[1];
    listener.onRun(at[1]);
  }
  if (at[1] !== place.run || seq <= place.after) return;
  if (seq > place.after + 1) {
    place.isMissing = true;
    return;
  }
  const name = NAMES.find((it) => it === event);
  const told = name && parsed(data);
  place.after = seq;
  if (!name || !told) return;
  if (name === 'done' || name === 'error') place.isOver = true;
  listener.onTold({ name, data: told });
}

function parsed(data: string): AnswerEvent {
  try {
    return JSON.parse(data) as AnswerEvent;
  } catch {
    throw new Fault({ title: 'A piece of the answer cannot be read', status: 200, code: 'unreadable_answer' });
  }
}

function posted(path: string, body: object): Request {
  return new Request(new URL(path, location.origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(body),
  });
}

function onwards(run: string, after: number): Request {
  const headers = { accept: 'text/event-stream', ...(after > 0 ? { 'last-event-id': `${run}:${after}` } : {}) };
  return new Request(new URL(`/api/runs/${encodeURIComponent(run)}/events`, location.origin), { headers });
}

/** Waits, but no longer than until the browser is connected again. */
async function again(ms: number, signal: AbortSignal): Promise<void> {
  const back = new AbortController();
  const end = () => back.abort();
  addEventListener('online', end);
  await pause(ms, AbortSignal.any([signal, back.signal]));
  removeEventListener('online', end);
}

function brokenOff(): Fault {
  return new Fault({
    title: 'The answer broke off',
    status: 200,
    code: 'broken_off',
    detail: 'The connection was lost before the server had said what becomes of the question.',
    hint: 'It may have been kept all the same: look again in a moment, or ask anew.',
  });
}
