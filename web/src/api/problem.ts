/** Faults: what the server refused and why, or that it could not be reached. */
import type { FieldFault, Problem } from './types';

/** Every failed call throws one of these; {@link Fault.problem} is what a page shows. */
export class Fault extends Error {
  readonly problem: Problem;
  /** Seconds after which the server asks us to come back. */
  readonly retryAfter: number | null;

  constructor(problem: Problem, retryAfter: number | null = null) {
    super(problem.detail ?? problem.title);
    this.name = 'Fault';
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }

  /** The faults that belong to fields of a form. */
  get fields(): FieldFault[] {
    return (this.problem.errors ?? []).filter((it) => it.field);
  }

  /** Is it worth trying the same again? */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Reads a fault out of any answer, also one that a proxy wrote. */
export function faultOf(response: Response, body: unknown): Fault {
  const retryAfter = Number(response.headers.get('retry-after'));
  const seconds = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null;
  if (isProblem(body)) return new Fault({ ...body, status: body.status || response.status }, seconds);
  const refused = refusalOf(body, response.status, response.headers.get('x-request-id'));
  if (refused) return new Fault(refused, seconds);
  return new Fault(
    {
      title: response.statusText || `The server answered ${response.status}`,
      status: response.status,
      code: `http_${response.status}`,
      detail: typeof body === 'string' && body.length < 400 && !body.includes('<') ? body : undefined,
    },
    seconds,
  );
}

/** What the gateway refuses it says in OpenAI's words, its own beside them: also inside of a stream. */
export function refusalOf(body: unknown, status: number, request: string | null = null): Problem | null {
  const { error, gateway } = objectOf(body);
  const { message, code, type } = objectOf(error);
  if (typeof message !== 'string') return null;
  const [title = '', hint] = message.split(/\s*Way out: /);
  const { request_id, provider, attempts } = objectOf(gateway);
  const id = request_id ?? objectOf(body).request_id ?? request;
  const detail = typeof provider === 'string' ? `Asked: ${provider}${Number(attempts) > 1 ? `, ${Number(attempts)} attempts in all` : ''}.` : undefined;
  return { title, detail, hint, status, code: String(code ?? type ?? `http_${status}`), request_id: typeof id === 'string' ? id : undefined };
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Whatever was thrown, as a fault. */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  if (thrown instanceof TypeError) {
    return new Fault({
      title: 'The server cannot be reached',
      status: 0,
      code: 'unreachable',
      detail: 'It may be restarting, or the network is down.',
      hint: 'This page tries again by itself once the connection is back.',
    });
  }
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new Fault({ title: 'Something went wrong on this page', status: -1, code: 'interface_error', detail });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'title' in body && typeof body.title === 'string';
}
