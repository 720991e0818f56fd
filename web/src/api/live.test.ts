import { describe, expect, it } from 'vitest';

import { eventParser, type ServerEvent } from './live';

function parsed(...chunks: string[]): ServerEvent[] {
  const events: ServerEvent[] = [];
  const feed = eventParser((event) => events.push(event));
  for (const chunk of chunks) feed(chunk);
  return events;
}

const JOB = { event: 'job', data: '{"id":"1"}' };

describe('a stream of events', () => {
  it('is cut into events wherever the chunks end', () => {
    const text = 'event: job\ndata: {"id":"1"}\n\n: beat\n\nevent: job\ndata: {"id":"1"}\n\n';
    for (let at = 1; at < text.length; at++) expect(parsed(text.slice(0, at), text.slice(at))).toEqual([JOB, JOB]);
  });

  it('may end its lines as it likes, also between two chunks', () => {
    expect(parsed('event: job\r', '\ndata: {"id":"1"}\r\n\r\n')).toEqual([JOB]);
  });

  it('joins several lines of data and leaves out comments', () => {
    expect(parsed(': hello\ndata: a\ndata: b\n\n')).toEqual([{ event: 'message', data: 'a\nb' }]);
  });

  it('knows what the server calls each of them', () => {
    expect(parsed('id: run:1\ndata: a\n\ndata: b\n\n')).toEqual([
      { event: 'message', data: 'a', id: 'run:1' },
      { event: 'message', data: 'b' },
    ]);
  });

  it('emits nothing without data', () => {
    expect(parsed('event: job\n\n')).toEqual([]);
  });
});
