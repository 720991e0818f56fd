/** The typed door to the server. {@link answer} turns a call into its answer or a thrown {@link Fault}. */
import createClient from 'openapi-fetch';

import { asFault, faultOf } from './problem';
import type { paths } from './schema';
import { session } from './session';

export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: session.fetch,
  // As the description has it: an object in the query is one name for each of its fields.
  querySerializer: { object: { style: 'form', explode: true } },
});

api.use({
  onRequest({ request }) {
    // The same key goes out again when a call is repeated after a renewed token: nothing is done twice.
    if (request.method !== 'GET' && !request.headers.has('idempotency-key') && !request.url.includes('/api/auth/')) {
      request.headers.set('idempotency-key', newKey());
    }
    return request;
  },
});

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer, or a thrown fault. */
export async function answer<T>(call: Promise<Outcome<T>>): Promise<T> {
  let outcome: Outcome<T>;
  try {
    outcome = await call;
  } catch (thrown) {
    throw asFault(thrown);
  }
  if (!outcome.response.ok) throw faultOf(outcome.response, outcome.error);
  return outcome.data as T;
}

/** The header that keeps us from overwriting what somebody else changed meanwhile. */
export function unchanged(thing: { revision: number }): { 'if-match': string } {
  return { 'if-match': `W/"${thing.revision}"` };
}

/** The header that says whose account a call to a model goes on, for those who reach all tenants. */
export function onAccountOf(tenant: string | undefined): Record<string, string> {
  return tenant ? { 'x-mainstay-tenant': tenant } : {};
}

/** Fetches a file and hands it to the browser to save. */
export async function download(path: string, fallbackName: string): Promise<void> {
  let response: Response;
  try {
    response = await session.fetch(new Request(new URL(path, location.origin)));
  } catch (thrown) {
    throw asFault(thrown);
  }
  if (!response.ok) throw faultOf(response, await response.json().catch(() => null));
  save(await response.blob(), nameIn(response.headers.get('content-disposition')) ?? fallbackName);
}

/** Hands bytes to the browser to save. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The file name of a Content-Disposition header; the encoded form wins. */
export function nameIn(header: string | null): string | null {
  if (!header) return null;
  const encoded = /filename\*=(?:UTF-8|utf-8)''([^;]+)/.exec(header)?.[1];
  if (encoded) {
    try {
      return decodeURIComponent(encoded);
    } catch {
      // A name that does not decode is no reason to lose the file.
    }
  }
  return /filename="?([^";]+)"?/.exec(header)?.[1] ?? null;
}

function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (it) => it.toString(16).padStart(2, '0')).join('');
}
