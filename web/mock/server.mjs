// A small server that answers like Mainstay, for looking at pages and for walks. It keeps nothing, and
// breaks rather than answer otherwise than openapi.json says.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

import { resultEvents } from './asked.mjs';
import { streams } from './assistants.mjs';
import { chat, envelope } from './chat.mjs';
import { asProblem, asRefusal, statusOf } from './contract.mjs';
import { refuse, Refusal } from './problem.mjs';
import { meOf, PERMISSIONS, routes } from './routes.mjs';
import { World } from './world.mjs';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
/** What a path needs, the first that fits; reading needs nothing more than being signed in. */
const NEEDS = [
  [/^GET \/api\/(me|app|tenants\/|collections|records|versions|proposals|jobs|audit$|usage|sessions)/, 'own_account'],
  [/\/api\/tenants/, 'manage_tenants'],
  [/\/llm\//, 'use_models'],
  [/^(POST|PUT|DELETE) \/api\/(models|budgets)/, 'manage_models'],
  [/\/api\/models\/(limits|queue)/, 'read_telemetry'],
  [/\/api\/(models|budgets)/, 'read_usage'],
  [/\/api\/(users)/, 'manage_users'],
  [/\/api\/keys/, 'manage_keys'],
  [/\/api\/(webhooks|deliveries)/, 'manage_webhooks'],
  [/\/api\/(prompts|logs)/, 'read_internals'],
  [/\/api\/v1\/stats/, 'read_telemetry'],
  [/\/api\/audit\/verify/, 'manage_audit'],
  [/^(POST|PATCH|DELETE) \/api\/(collections|records|versions)/, 'write_records'],
  [/\/api\/proposals/, 'decide_proposals'],
  [/^(GET \/api\/documents|POST \/api\/documents\/search)/, 'read_documents'],
  [/\/api\/documents/, 'write_documents'],
  [/\/api\/(assistants|chats|ask|runs)/, 'use_assistants'],
  [/\/api\/tasks/, 'run_tasks'],
  [/^GET \/api\/sources\/[^/]+\/aside/, 'read_records'],
  [/^GET \/api\/sources/, 'read_jobs'],
  [/\/api\/sources/, 'manage_jobs'],
  [/^GET \/api\/lookups/, 'read_records'],
  [/^GET \/api\/(schedules|deprecations)/, 'read_telemetry'],
  [/\/api\/schedules/, 'manage_schedules'],
  [/^GET \/api\/archives/, 'read_records'],
  [/\/api\/archives/, 'manage_archives'],
  [/\/api\/(configuration|signing-keys)/, 'manage_configuration'],
  [/\/api\/questions\/performance/, 'read_usage'],
  [/\/api\/(results\/[^/]+\/raw|debug)/, 'read_private'],
  [/\/api\/(questions|results|progress\/comment)/, 'ask_questions'],
  [/\/api\/(progress|reports)/, 'read_records'],
];

const table = Object.entries(routes).map(([route, run]) => {
  const [method, pattern] = route.split(' ');
  const names = [...pattern.matchAll(/\{(\w+)\}/g)].map((it) => it[1]);
  return { route, method, names, run, test: new RegExp(`^${pattern.replace(/\{\w+\}/g, '([^/]+)')}$`) };
});

/** Starts one; `dist` is a built interface to serve, `accessTtl` the seconds a token holds. */
export function serve({ application, port = 0, dist = null, delay = 25, accessTtl = 900 }) {
  const world = new World(application);
  const server = http.createServer((request, response) => {
    answer(world, request, response, { dist, delay, accessTtl }).catch((thrown) => send(response, 500, { title: 'The mock broke', status: 500, code: 'internal', detail: String(thrown?.stack) }));
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}`, world, close: () => new Promise((done) => {
        server.closeAllConnections();
        server.close(done);
      }) });
    });
  });
}

async function answer(world, request, response, { dist, delay, accessTtl }) {
  const url = new URL(request.url, 'http://localhost');
  const isApi = url.pathname.startsWith('/api/') || url.pathname.startsWith('/llm/') || url.pathname === '/health';
  if (!isApi) return file(dist, url.pathname, response);

  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  await new Promise((done) => setTimeout(done, delay));

  try {
    const isForm = request.headers['content-type']?.startsWith('multipart/form-data') ?? false;
    const body = raw.length > 0 && !isForm ? parsed(raw) : undefined;
    const entry = url.pathname.startsWith('/api/auth/') && door(world, url.pathname, body, request, accessTtl);
    if (entry) return send(response, statusOf(`POST ${url.pathname}`, entry), entry);
    const session = ['/health', '/api/app', '/api/frontend'].includes(url.pathname) ? null : signedIn(world, request);
    if (url.pathname === '/api/auth/logout') {
      world.sessions = world.sessions.filter((it) => it !== session);
      return send(response, 204);
    }
    const caller = session && world.users.find((it) => it.id === session.user);
    if (url.pathname === '/api/jobs/events') return events(world, response, caller);

    const needed = caller && NEEDS.find(([path]) => path.test(`${request.method} ${url.pathname}`))?.[1];
    if (needed && !PERMISSIONS[caller.role].includes(needed)) refuse('permission_missing', 'You may not do this', { detail: `It needs the permission ${needed}.` });
    if (url.pathname === '/llm/v1/chat/completions') return await chat(world, response, { body, caller, headers: request.headers });
    if (streams(world, response, { method: request.method, pathname: url.pathname, body, caller, headers: request.headers })) return undefined;
    if (resultEvents(world, response, { method: request.method, pathname: url.pathname })) return undefined;
    const found = table.find((it) => it.method === request.method && it.test.test(url.pathname)) ?? refuse('not_found', 'There is nothing at this address');
    const values = found.test.exec(url.pathname).slice(1).map(decodeURIComponent);
    const params = Object.fromEntries(found.names.map((name, index) => [name, values[index]]));
    const result = await found.run(world, { params, query: Object.fromEntries(url.searchParams), body, raw, isForm, request, headers: request.headers, caller, session });
    if (result?.file && result.text !== undefined) {
      response.writeHead(200, { 'content-type': result.type ?? 'text/csv', 'content-disposition': `attachment; filename="${result.file}"` });
      return response.end(result.text);
    }
    return send(response, statusOf(found.route, result), result);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    if (url.pathname.startsWith('/llm/')) return send(response, thrown.body.status, asRefusal(envelope(thrown.code, thrown.body.detail, { request_id: `req_${randomUUID().slice(0, 12)}` })));
    return send(response, thrown.body.status, asProblem({ ...thrown.body, request_id: `req_${randomUUID().slice(0, 12)}` }), 'application/problem+json');
  }
}

function door(world, pathname, body, request, accessTtl) {
  const tokens = (session) => {
    Object.assign(session, { access: randomUUID(), refresh: randomUUID(), until: Date.now() + accessTtl * 1000, last_used_at: world.now() });
    return { access_token: session.access, refresh_token: session.refresh, token_type: 'Bearer', expires_in: accessTtl, session: session.id, user: meOf(world, world.users.find((it) => it.id === session.user)) };
  };
  const begin = (user) => {
    const session = { id: `ses_${randomUUID().slice(0, 8)}`, user: user.id, address: '127.0.0.1', user_agent: request.headers['user-agent'] ?? null, created_at: world.now(), expires_at: world.now(-30 * 86_400_000) };
    world.sessions.push(session);
    return tokens(session);
  };
  if (pathname === '/api/auth/signup') {
    if (!world.app.sign_up) refuse('sign_up_disabled', 'Nobody can sign up here', { detail: 'Visitors cannot make accounts here.', hint: 'Ask an administrator for an account.' });
    if (world.users.some((it) => it.email === body.email)) refuse('not_unique', 'It exists already', { detail: 'Somebody has this e-mail address already.' });
    const role_name = Object.keys(world.app.roles).find((it) => world.app.roles[it].role === 'editor') ?? 'editor';
    const user = { id: `usr_${randomUUID().slice(0, 8)}`, email: body.email, name: body.name ?? '', role: 'editor', role_name, tenant: null, disabled_at: null, last_login_at: world.now(), revision: 1, created_at: world.now(), updated_at: world.now(), password: body.password };
    world.users.push(user);
    return begin(user);
  }
  if (pathname === '/api/auth/login') {
    const user = world.users.find((it) => it.email === body?.email && it.password === body?.password);
    if (!user || user.disabled_at) refuse('wrong_credentials', 'E-mail or password is wrong', { hint: 'Five wrong tries in a minute lock the door for a while.' });
    return begin(user);
  }
  if (pathname === '/api/auth/refresh') {
    const session = world.sessions.find((it) => it.refresh === body?.refresh_token) ?? refuse('session_ended', 'The session is over', { hint: 'Sign in again.' });
    return tokens(session);
  }
  return null;
}

function signedIn(world, request) {
  const token = request.headers.authorization?.replace(/^Bearer /, '');
  if (!token) refuse('key_missing', 'Sign in first');
  const session = world.sessions.find((it) => it.access === token) ?? refuse('token_invalid', 'The token is not valid');
  if (session.until < Date.now()) refuse('token_expired', 'The token has run out');
  return session;
}

function events(world, response, caller) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': hello\n\n');
  const listener = (job) => (!caller.tenant || job.tenant === caller.tenant) && statusOf('GET /api/jobs/{job}', job) && response.write(`event: job\ndata: ${JSON.stringify(job)}\n\n`);
  world.listeners.add(listener);
  const beat = setInterval(() => response.write(': still here\n\n'), 15_000);
  response.on('close', () => {
    clearInterval(beat);
    world.listeners.delete(listener);
  });
}

async function file(dist, pathname, response) {
  if (!dist) return send(response, 404, { title: 'The interface is not built', status: 404, code: 'not_found' });
  const asked = path.join(dist, path.normalize(pathname));
  const content = path.extname(asked) ? await readFile(asked).catch(() => null) : null;
  if (content) response.writeHead(200, { 'content-type': TYPES[path.extname(asked)] ?? 'application/octet-stream' });
  else response.writeHead(200, { 'content-type': TYPES['.html'] });
  return response.end(content ?? (await readFile(path.join(dist, 'index.html'))));
}

function send(response, status, body, type = 'application/json') {
  response.writeHead(status, { 'content-type': type });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function parsed(raw) {
  try {
    return JSON.parse(raw);
  } catch {
    return refuse('invalid_json', 'The body is not JSON');
  }
}
