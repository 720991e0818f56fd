// Questions over data, letters that are graded, and how they went. A question with "secret" has no answer; a
// letter with "fail" gets no grading.

import { randomUUID } from 'node:crypto';

import { refuse } from './problem.mjs';

const HOUR = 3_600_000;
const NO_TENANT = '00000000-0000-0000-0000-000000000000';
const STEP_MS = 60;
const NEXT = { en: ['Which topics grew?', 'How did people feel?', 'When do most people call?'], nl: ['Welke onderwerpen groeiden?', 'Hoe voelden mensen zich?', 'Wanneer bellen de meeste mensen?'] };

export function askedOf(world) {
  const kept = { conversations: [], turns: new Map(), fared: [], results: [], feedback: new Map(), debug: { enabled: false, changed_by: null, changed_at: null } };
  if (Object.keys(world.app.questions).length === 0) return kept;
  const one = conversation(world, kept, 'usr_0', 'What do people call about?', 30);
  turn(world, kept, one, 'What do people call about?', 'en');
  const text = 'We ask for two people. It pays within a year, if nobody leaves.';
  kept.results = [0, 1, 2].map((index) => made(world, { text, ago: index * 200 + 3, version: 3 - index, score: 3.9 - index * 0.3 }));
  return kept;
}

function conversation(world, kept, owner, title, ago = 0) {
  const it = { id: randomUUID(), tenant: NO_TENANT, questions: 'calls', title: title.slice(0, 50), created_at: world.now(ago * HOUR), updated_at: world.now(ago * HOUR), expires_at: world.now((ago - 720) * HOUR) };
  kept.conversations.unshift({ owner, view: it });
  kept.turns.set(it.id, []);
  return it;
}

function turn(world, kept, of, question, language) {
  const turns = kept.turns.get(of.id);
  const isOverTime = /month|maand/i.test(question);
  const result = isOverTime ? { columns: ['month', 'call_count'], rows: [['2026-08', 31], ['2026-09', 28], ['2026-10', 40]], row_count: 3, is_cut: false } : { columns: ['topic', 'call_count'], rows: [['bills', 23], ['moving', 22], ['faults', 12]], row_count: 3, is_cut: false };
  const it = { id: randomUUID(), conversation: of.id, seq: turns.length + 1, question, answer: language === 'nl' ? 'Het meest over **rekeningen**: 23 keer.' : 'Mostly about **bills**: 23 times.', followups: NEXT[language], language, result, from_cache: false, created_at: world.now() };
  turns.push(it);
  of.updated_at = world.now();
  return it;
}

function made(world, { text, ago = 0, version = 1, score = 3.8, owner = 'usr_0' }) {
  const result = {
    id: randomUUID(), task: 'grade', submission: randomUUID(), text, version, status: 'completed', progress: 100, message: null, error: null, language_detection: { detected_language: 'en', confidence: 0.97, detection_method: 'words+letters', fallback_used: false }, provider: 'local', model: 'small', prompt_version: '1', tokens_in: 900, tokens_out: 400, cost_usd: 0.0021, processing_time_s: 2.4, debug_enabled: ago === 3, created_by: owner, created_at: world.now(ago * HOUR), completed_at: world.now(ago * HOUR),
    overall_score: score, strengths: ['It says at once what is asked for.', 'It is short.'], opportunities: ['Say what happens if it fails.'],
    rubric_scores: { structure: { score: 4, justification: 'It begins with the wish.' }, tone: { score: 3, justification: 'It is a little dry.' } },
    segment_feedback: [{ segment: text.slice(0, 22), comment: 'For how long?', questions: ['Who would they be?', 'What do they cost?'], suggestions: ['Name a sum.'], start: 0, end: Math.min(22, text.length) }, { segment: 'Words that are not in it', comment: 'This is said nowhere.', questions: [], suggestions: [], start: null, end: null }],
  };
  const record = world.record('gradings', { parent: result.submission, data: { status: result.status, overall_score: score, strengths: result.strengths }, ago: ago * HOUR });
  world.add({ ...record, id: result.id, lineage: result.id, created_by: owner });
  return result;
}

const paged = (items) => ({ items, next_cursor: null, prev_cursor: null, total: items.length });
const languageOf = (question, given) => (/\b(wat|hoe|waar|welke|wanneer|maand)\b/i.test(question) ? 'nl' : given ?? 'en');
const detected = (language) => ({ detected_language: language, confidence: 0.98, detection_method: 'words', fallback_used: false, alternatives: [] });
const resultOf = (world, id) => world.asked.results.find((it) => it.id === id) ?? refuse('record_not_found', 'There is no such result');
const conversationOf = (world, id, caller) => world.asked.conversations.find((it) => it.view.id === id && it.owner === caller.id)?.view ?? refuse('conversation_not_found', 'There is no such conversation');

/** What is still to come of results in the making. Each step waits until somebody has seen the one before. */
const underWay = new WeakMap();

/** How a result stands, for somebody who looks: a moment later it goes on. */
function told(result) {
  const way = underWay.get(result);
  if (way && !way.waits && way.steps.length > 0) {
    way.waits = true;
    setTimeout(() => {
      Object.assign(result, way.steps.shift());
      way.waits = false;
    }, STEP_MS * 4);
  }
  return standingOf(result);
}

export function standingOf({ id, status, progress, message, error, created_at, completed_at }) {
  return { id, status, progress, message, error, estimated_completion: status === 'completed' || status === 'failed' ? null : new Date(Date.now() + 5000).toISOString(), created_at, completed_at };
}

export const askedRoutes = {
  'GET /api/questions': (world) => paged(Object.entries(world.app.questions).map(([name, it]) => ({ name, ...it, languages: world.app.languages, tables: ['calls'], categories: ['volume', 'mood'], question_chars: 300, keep_days: 30, comments: true }))),
  'GET /api/questions/initial': (world, { query }) => {
    const language = query.language ?? 'nl';
    return { language, categories: language === 'nl' ? { volume: { title: 'Hoeveel', description: 'Hoe vaak er gebeld wordt.', questions: ['Wat zijn de meeste onderwerpen?', 'Hoeveel gesprekken per maand?'] } } : { volume: { title: 'How many', description: 'How often people call.', questions: ['What do people call about?', 'How many calls each month?'] } } };
  },
  'POST /api/questions/ask': (world, { body, caller }) => {
    const kept = world.asked;
    const language = languageOf(body.question, body.language);
    const base = { error: null, error_code: null, reformulated: null, context_exceeded: false, language, language_detection: detected(language), category: 'volume', from_cache: false, model_used: 'local/small', tokens_used: 640, response_ms: 1840 };
    const was_answered = !/secret|geheim/.test(body.question);
    kept.fared.unshift({ id: randomUUID(), tenant: NO_TENANT, questions: 'calls', asked_by: caller.id, question: body.question, was_answered, error: was_answered ? null : 'cannot_answer', category: 'volume', language, response_ms: 1840, tokens_used: 640, from_cache: false, at: world.now() });
    if (!was_answered) return { ...base, answered: false, answer: null, is_phrased: false, error: 'The data does not tell that.', error_code: 'cannot_answer', reformulated: 'How many calls were there?', followups: NEXT[language], conversation: body.conversation ?? null, turn: null, category: null, result: null };
    const of = body.conversation ? conversationOf(world, body.conversation, caller) : conversation(world, kept, caller.id, body.question);
    const it = turn(world, kept, of, body.question, language);
    return { ...base, answered: true, answer: it.answer, is_phrased: true, followups: it.followups, conversation: of.id, turn: it.id, result: it.result };
  },
  'POST /api/questions/followups': (_, { body }) => ({ followups: NEXT[body.language ?? 'en'], language: body.language ?? 'en', model_used: 'local/small', tokens_used: 90 }),
  'POST /api/questions/comment': (world, { body }) => {
    const record = world.list('calls').find((it) => it.id === body.record || it.data.subject === body.record) ?? refuse('record_not_found', 'There is no such record');
    return { comment: `${record.data.subject} is one of them.`, record: record.id, language: body.language ?? 'en', model_used: 'local/small', tokens_used: 120 };
  },
  'GET /api/questions/performance': (world, { query }) => paged(world.asked.fared.filter((it) => query.answered === undefined || String(it.was_answered) === query.answered)),
  'GET /api/questions/conversations': (world, { caller }) => paged(world.asked.conversations.filter((it) => it.owner === caller.id).map((it) => it.view)),
  'GET /api/questions/conversations/{conversation}': (world, { params, caller }) => paged(world.asked.turns.get(conversationOf(world, params.conversation, caller).id)),
  'DELETE /api/questions/conversations/{conversation}': (world, { params, caller }) => {
    const gone = conversationOf(world, params.conversation, caller);
    world.asked.conversations = world.asked.conversations.filter((it) => it.view !== gone);
  },

  'GET /api/results': (world, { query, caller }) => paged(world.asked.results.filter((it) => query.of === 'all' || it.created_by === caller.id)),
  'POST /api/results': (world, { body, caller }) => {
    const before = body.previous && resultOf(world, body.previous);
    const result = made(world, { text: body.text, version: before ? before.version + 1 : 1, owner: caller.id });
    const whole = { ...result };
    for (const name of ['overall_score', 'strengths', 'opportunities', 'rubric_scores', 'segment_feedback']) delete result[name];
    Object.assign(result, { status: 'queued', progress: 0, completed_at: null, debug_enabled: world.asked.debug.enabled });
    world.asked.results.unshift(result);
    const steps = [{ status: 'processing', progress: 20, message: 'Finding out the language' }, { status: 'processing', progress: 60, message: 'Grading' }, /\bfail\b/.test(body.text) ? { status: 'failed', progress: 60, error: { code: 'model_unavailable', message: 'No model answers.' } } : { ...whole, debug_enabled: world.asked.debug.enabled }];
    underWay.set(result, { steps, waits: false });
    return standingOf(result);
  },
  'GET /api/results/latest': (world) => paged(world.asked.results.slice(0, 1)),
  'GET /api/results/{result}': (world, { params }) => {
    const result = resultOf(world, params.result);
    return result.status === 'completed' ? result : refuse('not_ready', 'It is not there yet');
  },
  'GET /api/results/{result}/status': (world, { params }) => told(resultOf(world, params.result)),
  'GET /api/results/{result}/raw': (world, { params }) => ({ result: resultOf(world, params.result).id, raw_prompt: { system: 'You grade letters.', user: 'The letter' }, raw_response: '{"score": 4}', created_at: world.now() }),
  'GET /api/reports/{report}/{record}': (world, { params }) => ({ file: `${params.report}.pdf`, type: 'application/pdf', text: '%PDF-1.7' }),
  'GET /api/debug': (world) => world.asked.debug,
  'PUT /api/debug': (world, { body, caller }) => Object.assign(world.asked.debug, { enabled: body.enabled, changed_by: caller.id, changed_at: world.now() }),
  'POST /api/feedback': (world, { body, caller }) => {
    const at = world.now();
    return { subject: body.subject, kind: 'result', task: 'grade', prompt_version: '1', verdict: body.verdict, words: body.words ?? null, given_by: caller.id, created_at: at, updated_at: at };
  },
  'POST /api/progress/comment': (world, { body, caller }) => {
    const count = world.asked.results.filter((it) => it.created_by === caller.id).length || refuse('nothing_to_do', 'There are no results yet');
    return { progress: body.progress ?? 'writing', of: caller.id, count, last_at: world.now(3 * HOUR), language: 'en', comment: 'Your newer letters are better than the older ones. Say what happens if it fails.', provider: 'local', model: 'small' };
  },
  'GET /api/progress': (world, { query, caller }) => {
    const numbers = (mean) => ({ count: 3, mean, least: mean - 0.4, most: mean + 0.4, latest: mean + 0.2, change: 0.35, slope_30_days: 0.1 });
    const period = (from, mean, count) => ({ from, count, mean, criteria: { structure: mean + 0.2, tone: mean - 0.3 } });
    if (query.from && query.to && query.to < query.from) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/to', message: 'lies before the day that it begins with' }] });
    const isWithin = (day) => (!query.from || day >= query.from) && (!query.to || day <= query.to);
    const periods = [period('2026-08-01', 3.1, 2), period('2026-09-01', 3.4, 1), period('2026-10-01', 3.9, 4)].filter((it) => isWithin(it.from));
    const count = world.asked.results.filter((it) => (query.of === 'all' || it.created_by === caller.id) && isWithin(it.created_at.slice(0, 10))).length;
    return { progress: query.progress ?? 'writing', of: query.of ?? 'me', from: query.from ?? null, to: query.to ?? null, count, owners: 1, first_at: count ? world.now(2000 * HOUR) : null, last_at: count ? world.now(3 * HOUR) : null, overall: numbers(3.5), criteria: { structure: numbers(3.8), tone: numbers(3.1) }, periods: { week: periods, month: periods, quarter: periods.slice(0, 2) }, points: [], recurring: { strengths: [{ text: 'It is short.', count: 3, last_at: world.now(3 * HOUR) }], opportunities: [] }, cached: false, calculated_at: world.now(), expires_at: world.now(-HOUR) };
  },
};

/** The stream of a result being made. False when it is another address. */
export function resultEvents(world, response, { method, pathname }) {
  const id = /^\/api\/results\/([^/]+)\/events$/.exec(pathname)?.[1];
  if (method !== 'GET' || !id) return false;
  const result = resultOf(world, id);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let before = '';
  const look = setInterval(() => {
    const standing = told(result);
    const now = `${standing.status} ${standing.progress}`;
    if (now === before) return;
    before = now;
    const name = ['completed', 'failed'].includes(standing.status) ? standing.status : 'progress';
    response.write(`event: ${name}\ndata: ${JSON.stringify(standing)}\n\n`);
    if (name === 'progress') return;
    clearInterval(look);
    response.end();
  }, STEP_MS);
  response.on('close', () => clearInterval(look));
  return true;
}
