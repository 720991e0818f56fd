/**
 * Jobs as they happen: a stream of server-sent events, read with `fetch` because an EventSource cannot
 * carry a token. When the stream breaks it is opened again, ever more slowly; meanwhile pages poll.
 *
 * {@link readEvents} is the parser, {@link follow} the loop. Neither knows React.
 */
import { session } from './session';
import type { JobView } from './types';

export interface ServerEvent {
  event: string;
  data: string;
  /** What the server calls this one, where it has a name for it. */
  id?: string;
}

/** Cuts a stream of text into events. Handles any cut between chunks, CRLF, comments and several data lines. */
export function eventParser(emit: (event: ServerEvent) => void): (chunk: string) => void {
  let rest = '';
  let event = 'message';
  let id: string | undefined;
  let data: string[] = [];
  return (chunk) => {
    rest += chunk;
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) emit({ event, data: data.join('\n'), id });
        event = 'message';
        id = undefined;
        data = [];
      } else if (!line.startsWith(':')) {
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') event = value;
        if (field === 'id') id = value;
        if (field === 'data') data.push(value);
      }
    }
  };
}

export interface Follower {
  onJob: (job: JobView) => void;
  /** True while the stream is open. */
  onState: (open: boolean) => void;
}

/** No byte for this long, though the server sends a comment every 15 s: the line is dead. */
export const SILENCE_MS = 40_000;

/** Follows jobs until `stop` is called. */
export function follow({ onJob, onState }: Follower): () => void {
  const stopping = new AbortController();

  const loop = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        await readStream('/api/jobs/events', stopping.signal, {
          onEvent: ({ event, data }) => {
            if (event === 'job') onJob(JSON.parse(data) as JobView);
          },
          onOpen: () => {
            failures = 0;
            onState(true);
          },
        });
      } catch {
        failures += 1;
      }
      if (stopping.signal.aborted) return;
      onState(false);
      await pause(Math.min(30_000, 1_000 * 2 ** failures), stopping.signal);
    }
  };
  void loop();
  return () => stopping.abort();
}

interface Reader {
  onEvent: (event: ServerEvent) => void;
  onOpen?: () => void;
}

/** Reads a stream of events to its end. Throws when it cannot be opened, breaks off, or falls silent. */
export async function readStream(path: string, stop: AbortSignal, { onEvent, onOpen }: Reader): Promise<void> {
  const dead = new AbortController();
  let timer = setTimeout(() => dead.abort(), SILENCE_MS);
  try {
    const response = await session.fetch(
      new Request(new URL(path, location.origin), {
        headers: { accept: 'text/event-stream' },
        signal: AbortSignal.any([stop, dead.signal]),
      }),
    );
    if (!response.ok || !response.body) throw new TypeError(`the stream ${path} was answered with ${response.status}`);
    onOpen?.();

    const feed = eventParser(onEvent);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => dead.abort(), SILENCE_MS);
      feed(value);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Waits; shorter when it is stopped. */
export function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
