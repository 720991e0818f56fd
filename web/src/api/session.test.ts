import { beforeEach, describe, expect, it } from 'vitest';

import { Session } from './session';

/** A server with one session, whose refresh token holds once. */
class Server {
  access = 'a1';
  refresh = 'r1';
  refreshes = 0;
  seen: string[] = [];
  down = false;
  ended = false;

  fetch = async (input: RequestInfo | URL): Promise<Response> => {
    const request = input as Request;
    await Promise.resolve();
    if (request.url.endsWith('/api/auth/refresh')) {
      this.refreshes += 1;
      if (this.down) return new Response(null, { status: 503 });
      const { refresh_token } = (await request.json()) as { refresh_token: string };
      if (this.ended || refresh_token !== this.refresh) return new Response(null, { status: 401 });
      this.access = `a${this.refreshes + 1}`;
      this.refresh = `r${this.refreshes + 1}`;
      return Response.json({ access_token: this.access, refresh_token: this.refresh, token_type: 'Bearer', expires_in: 900 });
    }
    const token = request.headers.get('authorization') ?? 'none';
    this.seen.push(`${token} ${request.method} ${await request.text()}`.trim());
    return new Response(null, { status: token === `Bearer ${this.access}` ? 200 : 401 });
  };
}

let server: Server;
let now: number;
let storage: Map<string, string>;

function tab(): Session {
  return new Session({
    fetch: server.fetch,
    storage: { getItem: (key) => storage.get(key) ?? null, setItem: (key, value) => void storage.set(key, value), removeItem: (key) => void storage.delete(key) },
    now: () => now,
    alone: (act) => act(),
  });
}

function ask(session: Session, body?: string): Promise<Response> {
  return session.fetch(new Request('http://localhost/api/jobs', body === undefined ? {} : { method: 'POST', body }));
}

beforeEach(() => {
  server = new Server();
  storage = new Map();
  now = 1_000_000;
});

function signedIn(): Session {
  const session = tab();
  session.keep({ access_token: 'a1', refresh_token: 'r1', expires_in: 900 });
  return session;
}

describe('a session', () => {
  it('puts its token on every call', async () => {
    expect((await ask(signedIn())).status).toBe(200);
    expect(server.seen).toEqual(['Bearer a1 GET']);
  });

  it('asks once for a new token, however many calls were refused', async () => {
    const session = signedIn();
    server.access = 'gone';
    const answers = await Promise.all([ask(session), ask(session), ask(session)]);
    expect(answers.map((it) => it.status)).toEqual([200, 200, 200]);
    expect(server.refreshes).toBe(1);
  });

  it('sends the body again after it got a new token', async () => {
    const session = signedIn();
    server.access = 'gone';
    expect((await ask(session, '{"name":"x"}')).status).toBe(200);
    expect(server.seen.at(-1)).toBe('Bearer a2 POST {"name":"x"}');
  });

  it('goes through another door with the same care', async () => {
    const session = signedIn();
    server.access = 'gone';
    const answer = await session.through((request) => server.fetch(request))(new Request('http://localhost/api/documents', { method: 'POST', body: 'a file' }));
    expect(answer.status).toBe(200);
    expect(server.seen).toEqual(['Bearer a1 POST a file', 'Bearer a2 POST a file']);
  });

  it('renews a token that is about to end before using it', async () => {
    const session = signedIn();
    now += 890_000;
    await ask(session);
    expect(server.seen).toEqual(['Bearer a2 GET']);
  });

  it('takes the token that another tab got meanwhile, since the old one holds once', async () => {
    const session = signedIn();
    const other = tab();
    server.access = 'gone';
    await ask(other);
    expect((await ask(session)).status).toBe(200);
    expect(server.refreshes).toBe(1);
  });

  it('is over when the server says so, and tells those who listen', async () => {
    const session = signedIn();
    let told = 0;
    session.subscribe(() => (told += 1));
    server.access = 'gone';
    server.ended = true;
    expect((await ask(session)).status).toBe(401);
    expect(session.isSignedIn).toBe(false);
    expect(told).toBe(1);
  });

  it('is not over because the server could not be asked', async () => {
    const session = signedIn();
    server.access = 'gone';
    server.down = true;
    await expect(ask(session)).rejects.toThrow(TypeError);
    expect(session.isSignedIn).toBe(true);
  });

  it('leaves calls alone when nobody is signed in', async () => {
    expect((await ask(tab())).status).toBe(401);
    expect(server.refreshes).toBe(0);
  });
});
