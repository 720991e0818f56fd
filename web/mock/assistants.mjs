// Assistants that answer from two or three sources, in chats that are kept. How it goes a question says
// itself: "cut" loses the line on the way, "fail" has the model fail, "long" writes until it is stopped,
// "degraded" searches by words alone, "busy" is refused.

import { randomUUID } from 'node:crypto';

import { asThing } from './contract.mjs';
import { refuse } from './problem.mjs';

const PIECE_MS = 15;
const OWN_PROMPT = 2000;
const QUESTION = 500;
/** As the mock keeps them: what belongs to nobody has no tenant here either. */
const NO_TENANT = '00000000-0000-0000-0000-000000000000';

export function assistantsOf(world) {
  const kept = { chats: [], messages: new Map(), runs: new Map(), prompts: new Map() };
  const names = Object.keys(world.app.assistants);
  if (names.length === 0) return kept;
  const olds = ['How a ball valve is fitted', 'What a pipe of half an inch measures', 'Returns and who looks at them'];
  olds.forEach((title, index) => {
    const chat = made(world, kept, { owner: 'usr_0', assistant: names[index % names.length], title, tenant: world.tenants[0]?.id, ago: (index + 1) * 26 });
    said(world, kept, chat, { role: 'user', content: `${title}?` });
    const { content, sources, cited } = answerTo(world, chat, `${title}?`, false);
    said(world, kept, chat, { role: 'assistant', content, sources, citations: cited, state: index === 2 ? 'interrupted' : 'whole', model_used: quotes(chat.assistant) ? 'quotes' : 'openai/gpt-4o-mini', tokens_used: 812, metadata: { rag_enabled: true, documents_attached: false, retrieval: { engine: 'builtin', mode: 'hybrid', returned: sources.length }, confidence: 0.71, cost_usd: 0.0021, input_truncated: false } });
  });
  // One that is long enough to be leafed through.
  const long = made(world, kept, { owner: 'usr_0', assistant: names[0], title: 'A long talk about gaskets', tenant: world.tenants[0]?.id, ago: 300 });
  for (let index = 1; index <= 35; index += 1) {
    said(world, kept, long, { role: 'user', content: `Question ${index}: and of ${index * 5} mm?` });
    said(world, kept, long, { role: 'assistant', content: `Answer ${index}: EPDM, as before.`, model_used: 'openai/gpt-4o-mini', tokens_used: 90 });
  }
  return kept;
}

function made(world, kept, { owner, assistant, title, tenant, record = null, ago = 0 }) {
  const at = world.now(ago * 3_600_000);
  const chat = { owner, view: { id: randomUUID(), tenant: tenant ?? NO_TENANT, assistant, record, title, is_named: false, created_at: at, updated_at: at, run: null } };
  kept.chats.push(chat);
  kept.messages.set(chat.view.id, []);
  return chat.view;
}

function said(world, kept, chat, fields) {
  const message = { id: randomUUID(), chat_id: chat.id, role: 'user', content: '', state: 'whole', model_used: null, tokens_used: null, metadata: {}, sources: [], citations: [], followups: [], run: null, created_at: world.now(), ...fields };
  kept.messages.get(chat.id).push(message);
  return message;
}

const quotes = (assistant) => assistant === 'archive';
const of = (world) => world.talks;

export const assistantRoutes = {
  'GET /api/assistants': (world) => paged(Object.entries(world.app.assistants).map(([name, it]) => ({ name, ...it, collections: [], on: world.seeds.on?.[name] ?? null, own_prompt_chars: quotes(name) ? 0 : OWN_PROMPT, question_chars: QUESTION, web: !quotes(name), quotes: quotes(name) })), {}),
  'GET /api/assistants/prompt': (world, { query, caller }) => promptOf(world, caller, query.assistant),
  'PUT /api/assistants/prompt': (world, { body, caller }) => {
    if (body.system_prompt.length > OWN_PROMPT) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/system_prompt', message: `must have at most ${OWN_PROMPT} characters` }] });
    of(world).prompts.set(`${caller.id} ${nameOf(world, body.assistant)}`, { text: body.system_prompt, at: world.now() });
    return promptOf(world, caller, body.assistant);
  },
  'DELETE /api/assistants/prompt': (world, { query, caller }) => {
    of(world).prompts.delete(`${caller.id} ${nameOf(world, query.assistant)}`);
    return promptOf(world, caller, query.assistant);
  },

  'GET /api/chats': (world, { query, caller }) => paged(of(world).chats.filter((it) => it.owner === caller.id && (!query.tenant || it.view.tenant === query.tenant) && (!query.record || it.view.record === query.record)).map((it) => it.view).sort((a, b) => b.updated_at.localeCompare(a.updated_at)), query),
  'POST /api/chats': (world, { body, caller }) => {
    const assistant = nameOf(world, body.assistant);
    const record = subjectOf(world, assistant, body.record, caller);
    const { noun } = world.app.collections[record.collection];
    return made(world, of(world), { owner: caller.id, assistant, title: noun.charAt(0).toUpperCase() + noun.slice(1), tenant: body.tenant ?? caller.tenant, record: record.id });
  },
  'GET /api/chats/{chat}': (world, { params, caller }) => chatOf(world, params.chat, caller),
  'PATCH /api/chats/{chat}': (world, { params, body, caller }) => {
    if (!body.title?.trim()) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/title', message: 'must not be empty' }] });
    return Object.assign(chatOf(world, params.chat, caller), { title: body.title.trim(), is_named: true });
  },
  'POST /api/chats/{chat}/title': (world, { params, caller }) => Object.assign(chatOf(world, params.chat, caller), { title: 'Found by the model', is_named: false }),
  'GET /api/chats/{chat}/export': (world, { params, caller }) => ({ chat: chatOf(world, params.chat, caller), messages: of(world).messages.get(params.chat), exported_at: world.now() }),
  'GET /api/chats/{chat}/messages': (world, { params, query, caller }) => (query.from === 'end' ? backwards : paged)(of(world).messages.get(chatOf(world, params.chat, caller).id), query),
  'DELETE /api/chats/{chat}': (world, { params, caller }) => {
    const chat = chatOf(world, params.chat, caller);
    const bound = world.documents.filter((it) => it.view.chat === chat.id);
    world.documents = world.documents.filter((it) => !bound.includes(it));
    of(world).chats = of(world).chats.filter((it) => it.view !== chat);
    of(world).messages.delete(chat.id);
    return { deleted: true, chat_id: chat.id, documents_deleted: bound.length };
  },
  'GET /api/runs/{run}': (world, { params, caller }) => runOf(world, params.run, caller).view,
  'POST /api/runs/{run}/stop': async (world, { params, caller }) => {
    const run = runOf(world, params.run, caller);
    run.isStopped = true;
    while (run.view.state === 'running') await pause(5);
    return run.view;
  },
};

/** The addresses that answer with a stream. False when it is none of them. */
export function streams(world, response, { method, pathname, body, caller, headers }) {
  const again = /^\/api\/chats\/([^/]+)\/again\/stream$/.exec(pathname)?.[1];
  const events = /^\/api\/runs\/([^/]+)\/events$/.exec(pathname)?.[1];
  if (method === 'GET' && events) {
    const run = runOf(world, events, caller);
    tell(response, run, Number(headers['last-event-id']?.split(':')[1] ?? 0));
    return true;
  }
  if (method !== 'POST' || (!again && pathname !== '/api/ask/stream')) return false;
  const question = again ? of(world).messages.get(chatOf(world, again, caller).id).findLast((it) => it.role === 'user')?.content : body?.question?.trim();
  if (!question) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/question', message: 'must not be empty' }] });
  if (/\bbusy\b/.test(question) && !again) refuse('model_rate_limited', 'Too many requests to models', { detail: 'At most 30 questions a minute may be asked.' });
  const chat = (again ?? body.chat) ? chatOf(world, again ?? body.chat, caller) : null;
  const assistant = chat?.assistant ?? nameOf(world, body.assistant);
  const subject = chat ? chat.record : body.record;
  const about = subject ? subjectOf(world, assistant, subject, caller) : null;
  for (const it of of(world).runs.values()) if (chat && it.view.chat_id === chat.id) it.isStopped = true;
  const id = randomUUID();
  const run = {
    owner: caller.id,
    log: [],
    listeners: new Set(),
    isStopped: false,
    view: { id, tenant: chat?.tenant ?? body.tenant ?? caller.tenant ?? NO_TENANT, assistant, chat_id: chat?.id ?? null, request_id: `req_${id.slice(-12)}`, state: 'running', question_message_id: null, answer_message_id: null, tokens_used: null, error: null, started_at: world.now(), ended_at: null },
  };
  of(world).runs.set(id, run);
  if (chat) chat.run = id;
  tell(response, run, 0, /\bcut\b/.test(question) && !again ? 9 : Infinity);
  void make(world, run, { question, web: body?.web ?? false, chat, about, isAgain: Boolean(again), caller });
  return true;
}

/** Tells what is there and what comes; after `cut` events the line is lost. */
function tell(response, run, after, cut = Infinity) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' });
  response.write(': hello\n\n');
  const send = ({ seq, name, data }) => {
    if (seq <= after || response.destroyed) return;
    response.write(`id: ${run.view.id}:${seq}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    if (seq >= cut) response.destroy();
    else if (name === 'done' || name === 'error') response.end();
  };
  run.log.forEach(send);
  run.listeners.add(send);
  response.on('close', () => run.listeners.delete(send));
}

async function make(world, run, { question, web, chat, about, isAgain, caller }) {
  const { view } = run;
  const kept = of(world);
  const add = (name, data) => {
    const event = { seq: run.log.length + 1, name, data: asThing('AnswerEvent', data) };
    run.log.push(event);
    for (const it of run.listeners) it(event);
  };
  const used = question.slice(0, QUESTION);
  const isQuoting = quotes(view.assistant);
  const { content, sources, cited } = answerTo(world, chat, used, web, about);
  const context_used = about && usedOf(world, about);
  const degraded = /\bdegraded\b/.test(question) ? 'No model for embeddings answers, so documents were found by their words only.' : undefined;
  const retrieval = { engine: 'builtin', mode: degraded ? 'lexical' : 'hybrid', returned: sources.length, ...(degraded ? { degraded } : {}) };

  add('meta', { stage: 'rag_gate', rag_enabled: true, documents_attached: world.documents.some((it) => chat && it.view.chat === chat.id) });
  if (web) {
    add('meta', { stage: 'web_search', progress: 0, message: 'Searching the web' });
    await pause(PIECE_MS * 12);
    add('meta', { stage: 'web_search', progress: 100, message: '1 results of the web', total_web_results: 1, sources: sources.slice(0, 1).map(({ title, url }) => ({ title, url })) });
  }
  add('meta', { stage: 'embeddings', model: degraded ? null : 'local/minilm' });
  await pause(PIECE_MS * 6);
  add('meta', { stage: 'retrieval', top_k: 6, min_score: 0.2, ...retrieval });
  add('meta', { stage: 'citations', count: sources.length, list: sources.map(without) });

  const where = chat ?? made(world, kept, { owner: caller.id, assistant: view.assistant, title: used.split(/\s+/).slice(0, 7).join(' '), tenant: view.tenant, record: about?.id });
  view.chat_id = where.id;
  where.run = view.id;
  where.updated_at = world.now();
  const asked = isAgain ? kept.messages.get(where.id).findLast((it) => it.role === 'user') : said(world, kept, where, { content: used, run: view.id, metadata: { input_truncated: used !== question } });
  view.question_message_id = asked.id;
  add('saved', { question_message_id: asked.id, chat_id: where.id });
  const model = isQuoting ? 'quotes' : 'openai/gpt-4o-mini';
  add('start', { chat_id: where.id, request_id: view.request_id, model_used: model, quoting: isQuoting });

  let text = '';
  let failed = null;
  const words = (/\blong\b/.test(question) ? `${content}\n\n${'And so it goes on, one word after the other. '.repeat(400)}` : content).match(/\S+\s*|\s+/g);
  for (const word of words) {
    await pause(PIECE_MS);
    if (run.isStopped) failed = { code: 'cancelled', message: 'The answer was stopped.', status_code: 409 };
    if (/\bfail\b/.test(question) && !isAgain && text.length > 60) failed = { code: 'model_error', message: 'The model provider `openai` refused with status 500.', status_code: 502 };
    if (failed) break;
    text += word;
    add('delta', { content: word });
  }
  const tokens = 640 + Math.ceil(text.length / 4);
  const cost_usd = isQuoting ? undefined : tokens * 0.0000006;
  const followups = isQuoting || failed ? [] : proposed(used);
  if (!isQuoting && !failed) add('followups', { followups });
  if (!isQuoting) add('usage', { prompt_tokens: 640, completion_tokens: tokens - 640, total_tokens: tokens, cost_usd, estimated: false });
  if (isAgain) kept.messages.set(where.id, kept.messages.get(where.id).slice(0, kept.messages.get(where.id).indexOf(asked) + 1));
  const named = cited.filter((it) => text.includes(`[${it.number}]`));
  const answer = kept.messages.has(where.id) ? said(world, kept, where, { role: 'assistant', content: text, state: failed ? 'interrupted' : 'whole', model_used: model, tokens_used: isQuoting ? null : tokens, metadata: { rag_enabled: true, documents_attached: false, input_truncated: used !== question, retrieval, confidence: 0.71, ...(about ? { context_used } : {}), ...(isQuoting ? { quoting: true } : { cost_usd }) }, sources, citations: named, followups, run: view.id }) : null;
  Object.assign(view, { state: failed ? (failed.code === 'cancelled' ? 'cancelled' : 'failed') : 'done', answer_message_id: answer?.id ?? null, tokens_used: tokens, error: failed?.code ?? null, ended_at: world.now() });
  if (where.run === view.id) where.run = null;
  if (answer) add('saved', { answer_message_id: answer.id, state: answer.state });
  const shared = { chat_id: where.id, request_id: view.request_id, answer_message_id: answer?.id ?? null };
  if (failed) add('error', { ...shared, ...failed, retry_after_s: null });
  else add('done', { ...shared, model_used: model, tokens_used: isQuoting ? null : tokens, full_content_len: text.length, input_truncated: used !== question, original_question_length: question.length, used_question_length: used.length, citations: named, followups, confidence: 0.71, context_used, question_message_id: asked.id, finish: 'stop', quoting: isQuoting });
  if (!chat && !about) setTimeout(() => Object.assign(where, where.is_named ? {} : { title: 'Ball valves, fitted well' }), 400).unref();
}

/** What could be asked next, but for what was asked just now. */
function proposed(question) {
  return ['Which size is the usual one?', 'What does it cost to do it over?'].filter((it) => it !== question);
}

/** The words of an answer, what it was made from, and what of that it names. */
function answerTo(world, chat, question, web, about = null) {
  const own = chat && world.documents.find((it) => it.view.chat === chat.id && it.view.state === 'ready');
  const manual = world.documents.find((it) => it.view.title.startsWith('Ball valves'));
  const page = world.documents.find((it) => it.view.origin === 'page');
  const found = [own, manual, page].filter(Boolean).map(({ view, text }) => {
    const letters = Array.from(text.content);
    const place = text.pages[3] ?? { page: null, start_char: 0, end_char: letters.length };
    return { type: 'rag', title: view.title, url: view.url, doc_id: view.id, chunk_id: randomUUID(), record_id: null, page: place.page, start_char: place.start_char, end_char: place.end_char, score: 0.81, excerpt: letters.slice(place.start_char, place.end_char).join('') };
  });
  const onWeb = { type: 'web', title: 'Torque of brass fittings', url: 'https://fittings.example/torque?size=15', doc_id: null, chunk_id: null, record_id: null, page: null, start_char: null, end_char: null, score: 0.9, excerpt: 'A fitting of 15 mm wants 30 Nm.' };
  const sources = [...(about ? [sourceOf(world, about)] : []), ...(web ? [onWeb] : []), ...found].map((it, index) => ({ number: index + 1, ...it }));
  const first = sources[0] ? '[1]' : '';
  const second = sources[1] ? '[2]' : '';
  const content = `You asked: “${question.slice(0, 80)}”\n\nHold the valve at the **hexagon next to the pipe** while it is tightened${first && ` ${first}`}. What it wants depends on its size:\n\n| Size | Torque |\n| --- | --- |\n| 15 mm | 30 Nm |\n| 50 mm | 90 Nm |\n\nThree things come before that:\n\n1. shut the water off and let the pressure out;\n2. leave the valve *half open*, so that its seat is not scored${second && ` ${second}`};\n3. seal the thread with tape or with hemp, \`never both [1]\`.\n\n### In short\n\nA seat that was tightened too far drips, and nothing but a new valve helps${first && ` ${first}`}. <b>Tags</b> stay text.`;
  return { content, sources, cited: sources.slice(0, 2).map(without) };
}

/** What a chat may be about: there, and such as this assistant is asked about. */
function subjectOf(world, assistant, id, caller) {
  const on = world.seeds.on?.[assistant] ?? refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/record', message: 'is not what this assistant is asked about' }] });
  const record = world.records.get(id);
  if (record?.collection !== on || (caller.tenant && record.tenant !== caller.tenant)) refuse('record_not_found', 'There is no such record');
  if (record.deleted_at) refuse('deleted', 'The record was deleted', { hint: 'Restore it first.' });
  return record;
}

function usedOf(world, { id, parent }) {
  const version = world.asked.results.find((it) => it.id === id)?.version ?? 1;
  return { record: id, parent, earlier: Math.min(2, version - 1) };
}

function sourceOf(world, { id, collection, data }) {
  const view = world.app.collections[collection];
  const words = Object.entries(data).map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return { type: 'rag', title: view.private ? view.noun : String(data[view.title]), url: null, doc_id: null, chunk_id: null, record_id: id, page: null, start_char: null, end_char: null, score: 1, excerpt: words.join('\n') };
}

function without(source) {
  return Object.fromEntries(Object.entries(source).filter(([name]) => name !== 'excerpt'));
}

function promptOf(world, caller, wanted) {
  const assistant = nameOf(world, wanted);
  const own = of(world).prompts.get(`${caller.id} ${assistant}`);
  return { assistant, system_prompt: own?.text ?? null, is_own: Boolean(own), updated_at: own?.at ?? null, chars_max: quotes(assistant) ? 0 : OWN_PROMPT };
}

function nameOf(world, wanted) {
  const names = Object.keys(world.app.assistants);
  if (!wanted && names.length === 1) return names[0];
  if (!wanted) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/assistant', message: 'is missing', hint: `one of: ${names.join(', ')}` }] });
  return names.includes(wanted) ? wanted : refuse('assistant_not_found', 'The assistant does not exist');
}

function chatOf(world, id, caller) {
  return of(world).chats.find((it) => it.view.id === id && it.owner === caller.id)?.view ?? refuse('chat_not_found', 'The chat does not exist');
}

function runOf(world, id, caller) {
  const run = of(world).runs.get(id);
  return run?.owner === caller.id ? run : refuse('run_not_found', 'The answer does not exist');
}

function paged(rows, { limit = 50, cursor, count }) {
  const from = Number(cursor ?? 0);
  const to = from + Number(limit);
  return { items: rows.slice(from, to), next_cursor: to < rows.length ? String(to) : null, prev_cursor: from > 0 ? String(Math.max(0, from - Number(limit))) : null, ...(count === 'true' ? { total: rows.length } : {}) };
}

/** From the end: the last rows first, and then those before them; the cursor is how many lie before. */
function backwards(rows, { limit = 50, cursor, count }) {
  const to = cursor === undefined ? rows.length : Number(cursor);
  const from = Math.max(0, to - Number(limit));
  return { items: rows.slice(from, to), next_cursor: null, prev_cursor: from > 0 ? String(from) : null, ...(count === 'true' ? { total: rows.length } : {}) };
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
