import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ask, askAgain, listen, type Told } from './asking';
import { Fault } from './problem';

const RUN = 'a3c1';

function event(seq: number, name: string, data: object): string {
  return `id: ${RUN}:${seq}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

const EVENTS = [
  event(1, 'meta', { stage: 'rag_gate', rag_enabled: true }),
  event(2, 'start', { chat_id: 'c1' }),
  ...['Grüß ', 'Gott, ', 'Welt'].map((content, index) => event(3 + index, 'delta', { content })),
  event(6, 'done', { chat_id: 'c1', finish: 'stop' }),
];

/** What the server does at each call, in order. */
let lines: ((request: Request) => Response | Promise<Response>)[];
let sent: Request[];

/** A line that says this and ends: whole when the last of it is, else cut. */
function line(text: string, chunk = Infinity): () => Response {
  return () => {
    const whole = new TextEncoder().encode(text);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < whole.length; at += Math.min(chunk, whole.length)) controller.enqueue(whole.slice(at, at + chunk));
        controller.close();
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };
}

const lost = () => Promise.reject(new TypeError('Failed to fetch'));
const refused = (status: number, code: string, headers: Record<string, string> = {}) => () => new Response(JSON.stringify({ title: code, status, code, detail: code }), { status, headers });

interface Heard {
  told: Told[];
  text: string;
  runs: string[];
  cuts: boolean[];
  thrown: unknown;
  waited: number;
}

async function heard(begin = (signal: AbortSignal, listener: Parameters<typeof ask>[2]) => ask({ question: 'Hello?', assistant: 'guide' }, signal, listener), signal = new AbortController().signal): Promise<Heard> {
  const out: Heard = { told: [], text: '', runs: [], cuts: [], thrown: null, waited: 0 };
  const at = Date.now();
  const asking = begin(signal, { onRun: (run) => out.runs.push(run), onTold: (told) => out.told.push(told), onCut: (isCut) => out.cuts.push(isCut) }).catch((thrown: unknown) => {
    out.thrown = thrown;
  });
  let isOver = false;
  void asking.then(() => (isOver = true));
  while (!isOver) await vi.advanceTimersByTimeAsync(50);
  out.text = out.told.map((it) => it.data.content ?? '').join('');
  out.waited = Date.now() - at;
  return out;
}

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    sent.push(request);
    const next = lines.shift();
    if (!next) throw new Error('nobody expected this call');
    return next(request);
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('an answer that is listened to', () => {
  it('is told event by event, wherever the stream is cut into pieces', async () => {
    const whole = EVENTS.join('');
    for (const chunk of [1, 2, 3, 7, 50, whole.length]) {
      lines = [line(`: hello\n\n${whole}`, chunk)];
      const { told, text, runs, thrown } = await heard();
      expect(thrown).toBeNull();
      expect(told.map((it) => it.name)).toEqual(['meta', 'start', 'delta', 'delta', 'delta', 'done']);
      expect(text).toBe('Grüß Gott, Welt');
      expect(runs).toEqual([RUN]);
    }
  });

  it('goes on where it was cut, whichever event was the last', async () => {
    for (let at = 1; at < EVENTS.length; at += 1) {
      sent = [];
      lines = [line(EVENTS.slice(0, at).join('')), line(EVENTS.slice(at).join(''))];
      const { text, cuts, thrown } = await heard();
      expect(thrown).toBeNull();
      expect(text).toBe('Grüß Gott, Welt');
      expect(cuts).toEqual([true, false]);
      expect(sent[1]?.url).toMatch(`/api/runs/${RUN}/events`);
      expect(sent[1]?.headers.get('last-event-id')).toBe(`${RUN}:${at}`);
    }
  });

  it('takes no event twice, and half of one not at all', async () => {
    const half = EVENTS.slice(0, 4).join('') + (EVENTS[4] ?? '').slice(0, 30);
    lines = [line(half), line(EVENTS.slice(1).join(''))];
    const { told, text } = await heard();
    expect(text).toBe('Grüß Gott, Welt');
    expect(told).toHaveLength(6);
  });

  it('lets nothing be missing: what comes too early is asked for once more', async () => {
    lines = [line([EVENTS[0], EVENTS[1], EVENTS[4]].join('')), line(EVENTS.slice(2).join(''))];
    const { text } = await heard();
    expect(text).toBe('Grüß Gott, Welt');
    expect(sent[1]?.headers.get('last-event-id')).toBe(`${RUN}:2`);
  });

  it('does not go round in circles when a piece is gone for good', async () => {
    const gap = line([EVENTS[0], EVENTS[4]].join(''));
    lines = [gap, gap, gap, gap, gap];
    expect(((await heard()).thrown as Fault).code).toBe('broken_off');
  });

  it('leaves out what belongs to another answer', async () => {
    const foreign = 'id: b7f2:2\nevent: delta\ndata: {"content":"no"}\n\n';
    const nameless = 'event: delta\ndata: {"content":"no"}\n\n';
    lines = [line([nameless, EVENTS[0], foreign, nameless, ...EVENTS.slice(1)].join(''))];
    expect((await heard()).text).toBe('Grüß Gott, Welt');
  });

  it('waits longer and longer, and anew after each word that came', async () => {
    lines = [line(EVENTS[0] ?? ''), lost, lost, refused(503, 'unavailable'), line(EVENTS[1] ?? ''), line(EVENTS.slice(2).join(''))];
    const { text, waited, cuts } = await heard();
    expect(text).toBe('Grüß Gott, Welt');
    // 0.5 + 1 + 2 + 4 s, and 0.5 s after the fifth had brought something.
    expect(waited).toBeGreaterThanOrEqual(8_000);
    expect(waited).toBeLessThan(8_800);
    expect(cuts.at(-1)).toBe(false);
  });

  it('stays away as long as the server asks for', async () => {
    lines = [line(EVENTS[0] ?? ''), refused(429, 'rate_limited', { 'retry-after': '7' }), line(EVENTS.slice(1).join(''))];
    const { waited } = await heard();
    expect(waited).toBeGreaterThanOrEqual(7_500);
    expect(waited).toBeLessThan(8_000);
  });

  it('takes a line on which nothing comes for cut', async () => {
    const silent = (request: Request) =>
      new Response(
        new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(EVENTS[0]));
            request.signal.addEventListener('abort', () => controller.error(new DOMException('Silence', 'AbortError')));
          },
        }),
      );
    lines = [silent, line(EVENTS.slice(1).join(''))];
    const { text, waited } = await heard();
    expect(text).toBe('Grüß Gott, Welt');
    expect(waited).toBeGreaterThan(40_000);
  });

  it('ends with an error as with any last event', async () => {
    lines = [line([EVENTS[0], event(2, 'error', { code: 'model_timeout', message: 'Too long.', status_code: 504 })].join(''))];
    const { told, thrown } = await heard();
    expect(thrown).toBeNull();
    expect(told.at(-1)).toEqual({ name: 'error', data: { code: 'model_timeout', message: 'Too long.', status_code: 504 } });
    expect(sent).toHaveLength(1);
  });
});

describe('a question', () => {
  it('is refused in the words of the server', async () => {
    lines = [refused(422, 'invalid_input')];
    expect(((await heard()).thrown as Fault).code).toBe('invalid_input');
  });

  it('is not asked twice when nobody knows whether it was heard', async () => {
    lines = [lost];
    expect(((await heard()).thrown as Fault).code).toBe('unreachable');
    lines = [line('')];
    expect(((await heard()).thrown as Fault).code).toBe('broken_off');
    expect(sent).toHaveLength(2);
  });

  it('is given up when nothing is known of its answer any more', async () => {
    lines = [line(EVENTS[0] ?? ''), refused(404, 'run_not_found')];
    const { thrown } = await heard();
    expect(thrown).toBeInstanceOf(Fault);
    expect((thrown as Fault).code).toBe('run_not_found');
  });

  it('can be the last one once more, and an answer can be joined that was begun elsewhere', async () => {
    lines = [line(EVENTS.join(''))];
    await heard((signal, listener) => askAgain('c1', { web: true }, signal, listener));
    expect(sent[0]?.url).toMatch('/api/chats/c1/again/stream');
    expect(await sent[0]?.json()).toEqual({ web: true });

    lines = [lost, line(EVENTS.join(''))];
    const { text } = await heard((signal, listener) => listen(RUN, signal, listener));
    expect(text).toBe('Grüß Gott, Welt');
    expect(sent[1]?.headers.has('last-event-id')).toBe(false);
  });

  it('is not listened to any more once that was stopped, also while it waits', async () => {
    const stopping = new AbortController();
    lines = [line(EVENTS[0] ?? ''), lost, lost];
    setTimeout(() => stopping.abort(), 700);
    const { thrown } = await heard(undefined, stopping.signal);
    expect((thrown as Error).name).toBe('AbortError');
    expect(sent.length).toBeLessThan(3);
  });
});
