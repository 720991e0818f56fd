/**
 * The session of the person at this browser: its tokens, and a `fetch` that carries them.
 *
 * A refresh token may be used once, and using an old one ends the session. So refreshing is done by
 * one caller at a time, in this tab (single-flight) and among tabs (a lock of the browser and storage
 * that all of them read). Nothing here knows pages or routes.
 *
 * Start at {@link Session.fetch}.
 */
import type { Tokens } from './types';

interface Kept {
  access: string;
  refresh: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

export interface Surroundings {
  fetch: typeof fetch;
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  now: () => number;
  /** Runs `act` while no other tab runs theirs. */
  alone: <T>(act: () => Promise<T>) => Promise<T>;
}

/** Whatever sends a request and has an answer to it. */
export type Door = (request: Request) => Promise<Response>;

const KEY = 'mainstay.session';
/** A token this close to its end is renewed before it is used. */
const MARGIN_MS = 15_000;

export class Session {
  #with: Surroundings;
  #refreshing: Promise<boolean> | null = null;
  #listeners = new Set<() => void>();

  constructor(surroundings: Surroundings) {
    this.#with = surroundings;
  }

  get isSignedIn(): boolean {
    return this.#kept() !== null;
  }

  /** Calls back when somebody signs in or out here. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  keep(tokens: Pick<Tokens, 'access_token' | 'refresh_token' | 'expires_in'>): void {
    const kept: Kept = {
      access: tokens.access_token,
      refresh: tokens.refresh_token,
      expiresAt: this.#with.now() + tokens.expires_in * 1000,
    };
    this.#with.storage.setItem(KEY, JSON.stringify(kept));
    this.#tell();
  }

  forget(): void {
    this.#with.storage.removeItem(KEY);
    this.#tell();
  }

  /** Another tab signed in or out. */
  changedElsewhere(): void {
    this.#tell();
  }

  /** `fetch` with the token; renews it when it is about to end, and once more when it was refused. */
  fetch = (request: Request): Promise<Response> => this.#send(request, (it) => this.#with.fetch(it));

  /** The same through another door of the browser, like one that tells how far an upload is. */
  through(door: Door): Door {
    return (request) => this.#send(request, door);
  }

  async #send(request: Request, door: Door): Promise<Response> {
    const before = this.#kept();
    if (!before) return door(request);

    if (before.expiresAt - this.#with.now() < MARGIN_MS) await this.renew(before.access);
    const again = request.clone();
    const used = this.#kept();
    const response = await door(signed(request, used));
    if (response.status !== 401 || !used) return response;

    if (!(await this.renew(used.access))) return response;
    return door(signed(again, this.#kept()));
  }

  /**
   * Gets new tokens unless somebody already did since `stale` was read. False when the session is
   * over; throws when the server could not be asked, since that ends nothing.
   */
  renew(stale: string): Promise<boolean> {
    this.#refreshing ??= this.#renewAlone(stale).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  #renewAlone(stale: string): Promise<boolean> {
    return this.#with.alone(async () => {
      const kept = this.#kept();
      if (!kept) return false;
      if (kept.access !== stale) return true;

      const response = await this.#with.fetch(
        new Request(new URL('/api/auth/refresh', origin()), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ refresh_token: kept.refresh }),
        }),
      );
      if (response.ok) {
        this.keep((await response.json()) as Tokens);
        return true;
      }
      if (response.status === 400 || response.status === 401 || response.status === 403) {
        this.forget();
        return false;
      }
      throw new TypeError(`refreshing the session was answered with ${response.status}`);
    });
  }

  #kept(): Kept | null {
    try {
      const text = this.#with.storage.getItem(KEY);
      return text ? (JSON.parse(text) as Kept) : null;
    } catch {
      return null;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The one of this page. */
export const session = new Session({
  fetch: (input, init) => fetch(input, init),
  storage: localStorage,
  now: () => Date.now(),
  // Browsers offer locks on secure origins only; elsewhere two tabs may race, and one signs in again.
  alone: async (act) => ('locks' in navigator ? await navigator.locks.request(KEY, act) : act()),
});

addEventListener('storage', (event) => {
  if (event.key === KEY || event.key === null) session.changedElsewhere();
});

function signed(request: Request, kept: Kept | null): Request {
  if (kept) request.headers.set('authorization', `Bearer ${kept.access}`);
  return request;
}

function origin(): string {
  return globalThis.location?.origin ?? 'http://localhost';
}
