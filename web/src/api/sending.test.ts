import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { sending } from './sending';

/** What a browser has for uploads, driven by hand. */
class Call {
  static last: Call | undefined;
  upload: { onprogress?: (event: { lengthComputable: boolean; loaded: number; total: number }) => void } = {};
  status = 0;
  statusText = '';
  responseText = '';
  sent = false;
  headers: Record<string, string> = {};
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;

  constructor() {
    Call.last = this;
  }

  open(): void {
    this.status = 0;
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  getAllResponseHeaders(): string {
    return 'content-type: application/json\r\nretry-after: 7\r\n';
  }

  send(): void {
    this.sent = true;
  }

  abort(): void {
    this.onabort?.();
  }
}

async function begun(signal?: AbortSignal) {
  const told: number[] = [];
  const answer = sending((percent) => told.push(Math.round(percent)))(new Request('http://localhost/api/documents', { method: 'POST', body: 'abc', headers: { authorization: 'Bearer a1' }, signal }));
  await vi.waitFor(() => expect(Call.last?.sent).toBe(true));
  return { told, answer, call: Call.last! };
}

beforeEach(() => {
  Call.last = undefined;
  vi.stubGlobal('XMLHttpRequest', Call);
});
afterEach(() => void vi.unstubAllGlobals());

describe('the door for uploads', () => {
  it('tells how much has gone out, and answers as fetch does', async () => {
    const { told, answer, call } = await begun();
    expect(call.headers.authorization).toBe('Bearer a1');
    call.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 4 });
    call.upload.onprogress?.({ lengthComputable: false, loaded: 2, total: 0 });
    call.upload.onprogress?.({ lengthComputable: true, loaded: 4, total: 4 });
    Object.assign(call, { status: 413, responseText: '{"code":"file_too_large"}' });
    call.onload?.();

    const response = await answer;
    expect(told).toEqual([25, 100]);
    expect(response.status).toBe(413);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toEqual({ code: 'file_too_large' });
  });

  it('takes an answer without a body', async () => {
    const { answer, call } = await begun();
    call.status = 204;
    call.onload?.();
    expect((await answer).body).toBeNull();
  });

  it('fails as fetch does when the server is not reached', async () => {
    const { answer, call } = await begun();
    call.onerror?.();
    await expect(answer).rejects.toBeInstanceOf(TypeError);
  });

  it('is stopped by its signal', async () => {
    const stop = new AbortController();
    const { answer } = await begun(stop.signal);
    stop.abort();
    await expect(answer).rejects.toHaveProperty('name', 'AbortError');
  });
});
