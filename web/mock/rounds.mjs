// What comes in, what comes round, what is put away, the configuration, old paths: as the server tells them.

import { randomUUID } from 'node:crypto';

import { formOf } from './files.mjs';
import { accepted, start } from './jobs.mjs';
import { refuse } from './problem.mjs';

const HOUR = 3_600_000;
const NO_TENANT = '00000000-0000-0000-0000-000000000000';
const COUNTS = { rows: 0, extracted: 0, consolidated: 0, inserted: 0, updated: 0, unchanged: 0, skipped: 0, errors: 0, completed: 0, gone: 0, returned: 0, pages: 0, cache_hits: 0 };

export function roundsOf(world) {
  const { app } = world;
  const run = (source, ago, more = {}) => ({ id: randomUUID(), job: randomUUID(), tenant: NO_TENANT, source, state: 'completed', flags: {}, counts: { ...COUNTS, rows: 120, extracted: 118, consolidated: 110, inserted: 12, updated: 3, unchanged: 95, errors: 1, pages: 7, cache_hits: 5 }, findings: [{ code: 'row_unreadable', message: 'A row had no day, and was left out.', about: 'row 14' }], created_by: 'usr_0', created_at: world.now(ago * HOUR), started_at: world.now(ago * HOUR - 900), finished_at: world.now(ago * HOUR - 31_000), duration_ms: 30_100, ...more });
  const runs = Object.fromEntries(app.sources.map((name, at) => [name, Array.from({ length: at === 0 ? 6 : 1 }, (_, index) => run(name, 2 + index * 24, index === 2 || at === 1 ? { state: 'failed', counts: COUNTS, findings: [{ code: 'unreachable', message: 'The address did not answer.' }] } : {}))]));
  const kind = (name, more) => ({ kind: name, entries: 40, size_bytes: 81_000, expired: 0, oldest_at: world.now(50 * HOUR), newest_at: world.now(HOUR), hits: 83, misses: 17, stale: 4, invalid: 1, forced: 0, hit_rate: 0.83, valid_rate: null, ...more });
  const entry = (name, tags, ago) => ({ kind: 'html', name, tags, size_bytes: 18_400, row_count: null, created_at: world.now(ago * HOUR), expires_at: world.now((ago - 24) * HOUR) });
  const schedule = (name, does, more = {}) => ({ name, about: 'Comes round by itself.', every: '0 2 * * *', timezone: 'Europe/Amsterdam', jitter_s: 0, missed: 'once', off_peak: null, does, paused_at: null, paused_by: null, late_s: 0, next_runs: [1, 2, 3].map((it) => ({ planned_at: world.now(-it * 24 * HOUR), due_at: world.now(-it * 24 * HOUR) })), runs: [past(world)], last_run: past(world), ...more });
  const archive = (count, ago) => ({ id: randomUUID(), tenant: NO_TENANT, collection: Object.keys(app.collections).find((it) => app.collections[it].archived), place: 'directory', record_count: count, row_count: count * 2, brought_back: ago > 40 ? 2 : 0, size_bytes: 48_000, sha256: 'a9'.repeat(32), oldest_at: world.now(900 * 24 * HOUR), newest_at: world.now(600 * 24 * HOUR), job: randomUUID(), created_by: 'usr_0', created_at: world.now(ago * 24 * HOUR) });
  return {
    runs,
    kinds: [kind('html'), kind('structured', { expired: 3 }), kind('comparison', { entries: 0, hits: 0, misses: 0, hit_rate: null, oldest_at: null, newest_at: null }), kind('answer', { valid_rate: 0.9 })],
    entries: [entry('https://exchange.example/calls?page=1', ['exchange', 'exchange.example'], 2), entry('https://exchange.example/calls?page=2', ['exchange', 'exchange.example'], 30), entry('https://feed.example/all', ['feed', 'feed.example'], 5)],
    schedules: app.schedules.map((name, at) => schedule(name, at === 0 ? { kind: 'source', name: app.sources[0] } : { kind: 'archive', name: Object.keys(app.collections)[0] }, at === 1 ? { late_s: 700 } : {})),
    archives: app.schedules.length > 0 ? [archive(120, 3), archive(80, 60)] : [],
    versions: [],
    documents: [document('rubric', 'Rubric', 'business_logic', 'total_weight: 100\ncriteria:\n  - {key: structure, weight: 60}\n  - {key: tone, weight: 40}\n'), document('llm', 'Models', 'infrastructure', null)],
  };
}

function past(world) {
  return { planned_at: world.now(20 * HOUR), due_at: world.now(20 * HOUR), begun_at: world.now(20 * HOUR), late_s: 0, outcome: 'begun', missed: 0, jobs: [{ id: randomUUID(), state: 'completed' }], job_count: 1, asked_by: null };
}

function document(name, title, category, content) {
  return { name, title, about: `What is said about ${title.toLowerCase()}.`, category, file: `config/${name}.yaml`, is_given: content !== null, is_typed: content === null, has_schema: content !== null, checksum: content && 'b3'.repeat(32), version: 0, newest_version: 0, set_aside: null, waits_for_start: false, acts: category === 'business_logic' ? 'now' : 'next_start', content, newest: content, hidden: name === 'rubric' ? ['/secret'] : [], given: content ? { total_weight: 100 } : null, in_force: { total_weight: 100 }, schema: content ? { type: 'object' } : null };
}

const without = (it, ...names) => Object.fromEntries(Object.entries(it).filter(([name]) => !names.includes(name)));
const line = (it) => without(it, 'content', 'newest', 'hidden', 'given', 'in_force', 'schema', 'file_text');
const paged = (items) => ({ items, next_cursor: null, prev_cursor: null, total: items.length });
const runsOf = (world, name) => world.rounds.runs[name] ?? refuse('source_not_found', 'There is no such source');
const scheduleOf = (world, name) => world.rounds.schedules.find((it) => it.name === name) ?? refuse('schedule_not_found', 'There is no such schedule');
const archiveOf = (world, id) => world.rounds.archives.find((it) => it.id === id) ?? refuse('archive_not_found', 'There is no such archive');
const fitting = (world, { kind, pattern, tag }) => world.rounds.entries.filter((it) => (!kind || it.kind === kind) && (!tag || it.tags.includes(tag)) && (!pattern || new RegExp(`^${pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(it.name)));

export const roundRoutes = {
  'GET /api/sources': (world) => paged(world.app.sources.map((name, at) => {
    const [last] = world.rounds.runs[name];
    return { name, title: name.charAt(0).toUpperCase() + name.slice(1), about: 'Calls of an exchange, page by page.', into: 'calls', status: last.state === 'running' ? 'running' : at === 1 ? 'failing' : 'active', schedules: at === 0 ? ['nightly'] : [], has_cursor: at === 0, items: 412, gone: 3, aside: at === 0 ? 1 : 0, good_count: 110, good_at: world.now(2 * HOUR), mark: null, last_run: without(last, 'job', 'duration_ms') };
  })),
  'POST /api/sources/{source}/run': (world, { params, body }) => {
    const runs = runsOf(world, params.source);
    const run = { ...runs[0], id: randomUUID(), state: 'running', counts: COUNTS, findings: [], flags: { ...(body?.validate ? { validate: true } : {}), ...(body?.refresh ? { refresh: { all: true } } : {}), ...(body?.refresh_tag ? { refresh: { tag: body.refresh_tag } } : {}) }, created_at: world.now(), started_at: world.now(), finished_at: null, duration_ms: null };
    const job = start(world, { kind: 'source', engine_kind: 'source', tenant: NO_TENANT, subject: null, steps: ['Fetching', 'Reading', 'Writing'], finish: () => {
      Object.assign(run, { state: 'completed', counts: { ...COUNTS, rows: 20, inserted: 4, unchanged: 16 }, finished_at: world.now(), duration_ms: 900 });
      return { inserted: 4 };
    } });
    run.job = job.id;
    runs.unshift(run);
    return { source: params.source, run: run.id, job: job.id, state: 'pending', message: 'It has begun.' };
  },
  'GET /api/sources/{source}/runs': (world, { params }) => paged(runsOf(world, params.source)),
  'GET /api/sources/{source}/runs/{job}': (world, { params }) => runsOf(world, params.source).find((it) => it.job === params.job) ?? refuse('job_not_found', 'There is no such run'),
  'GET /api/sources/{source}/aside': (world, { params }) => paged(runsOf(world, params.source) && world.app.sources[0] === params.source ? [{ item: 'call-0912', step: 'record', reason: 'called_at is no moment', fields: { subject: 'Fault 912', called_at: 'yesterday' }, attempts: 3, first_at: world.now(80 * HOUR), last_at: world.now(2 * HOUR), due_at: world.now(-22 * HOUR) }] : []),
  'GET /api/sources/cache': (world, { query }) => ({ kinds: world.rounds.kinds, entries: fitting(world, query) }),
  'DELETE /api/sources/cache': (world, { query }) => {
    const gone = fitting(world, query);
    world.rounds.entries = world.rounds.entries.filter((it) => !gone.includes(it));
    return { removed: gone.length };
  },
  'GET /api/lookups': (world) => paged(world.app.lookups.map((name) => ({ name, title: 'Waiting time', about: 'How long callers wait on this subject now.', of: 'calls', asked_with: ['topic', 'day'], gives: ['minutes', 'open_until', 'lines'], needs: ['minutes'], is_conditional: true, has_otherwise: true, good_for_s: 1800, waits_ms: 5000 }))),
  'GET /api/records/{record}/lookups/{lookup}': (world, { params }) => {
    if (!world.app.lookups.includes(params.lookup)) refuse('not_found', 'There is no such look-up');
    const { data } = world.records.get(params.record) ?? refuse('record_not_found', 'There is no such record');
    const told = { record: params.record, lookup: params.lookup };
    // What a call is about says how asking goes.
    if (data.topic === 'faults') refuse('external_service', 'Nobody answered', { detail: `Whoever is asked for \`${params.lookup}\` did not answer as they should: nobody answered within 5 s.`, hint: 'Try again later.' });
    if (data.topic === 'contracts') return { ...told, found: 'nothing', answer: null, asked_at: null };
    const isLive = data.topic !== 'moving';
    return { ...told, found: isLive ? 'live' : 'kept', answer: { minutes: isLive ? 7.5 : 12, open_until: world.now(-3 * HOUR), lines: { open: 3, busy: 2 } }, asked_at: isLive ? world.now(240_000) : null };
  },
  'GET /api/schedules': (world) => ({ schedules: world.rounds.schedules.map((it) => without(it, 'runs')) }),
  'GET /api/schedules/{schedule}': (world, { params }) => scheduleOf(world, params.schedule),
  'POST /api/schedules/{schedule}/run': (world, { params }) => ({ schedule: scheduleOf(world, params.schedule).name, outcome: 'begun', jobs: [randomUUID()] }),
  'POST /api/schedules/{schedule}/pause': (world, { params }) => Object.assign(scheduleOf(world, params.schedule), { paused_at: world.now(), paused_by: 'usr_0' }),
  'POST /api/schedules/{schedule}/resume': (world, { params }) => Object.assign(scheduleOf(world, params.schedule), { paused_at: null, paused_by: null }),
  'GET /api/archives': (world, { query }) => paged(world.rounds.archives.filter((it) => !query.collection || it.collection === query.collection)),
  'GET /api/archives/{archive}': (world, { params }) => archiveOf(world, params.archive),
  'POST /api/archives': (world, { body }) => ({ ...put(world, `Putting ${body.collection} away`), archive: null }),
  'POST /api/archives/{archive}/restore': (world, { params, body }) => {
    const archive = archiveOf(world, params.archive);
    archive.brought_back = body?.records?.length ?? archive.record_count;
    return { ...put(world, 'Bringing back'), archive: archive.id };
  },
  'GET /api/deprecations': (world) => ({ deprecations: world.app.has_deprecations ? [{ route: 'GET /v1/calls', operation: 'records.list', since: world.now(90 * 24 * HOUR), sunset: world.now(-90 * 24 * HOUR), is_gone: false, use: '/v2/calls', calls: 214, calls_since_gone: 0, client_count: 2, clients: [{ kind: 'user', client: 'usr_1', calls: 200, gone: 0, first_at: world.now(80 * 24 * HOUR), last_at: world.now(HOUR) }, { kind: 'nobody', client: '', calls: 14, gone: 0, first_at: world.now(9 * HOUR), last_at: world.now(2 * HOUR) }] }] : [] }),
  'GET /api/configuration': (world) => ({ documents: world.rounds.documents.map(line) }),
  'GET /api/configuration/export': () => ({ file: 'configuration.zip', type: 'application/zip', text: 'PK' }),
  'POST /api/configuration/import': async (world, { raw, isForm, request }) => {
    const { file, fields } = isForm ? await formOf(request, raw) : refuse('invalid_input', 'A file is missing', { errors: [{ field: '/file', message: 'is missing' }] });
    if (!file.text.startsWith('PK')) refuse('invalid_file', 'The file is no zip that can be read');
    const only = fields.validate_only === 'true';
    const document = world.rounds.documents[0];
    const text = document.content.replace('60', '40').replace('structure, weight: 40', 'structure, weight: 60');
    const made = only ? null : changed(world, document, text, fields.reason || 'Imported', 'import', 'usr_0').version;
    const results = [{ config: 'rubric', file: document.file, outcome: only ? 'valid' : 'imported', version: made, acts: 'now', faults: [] }];
    return { ...found(text), imported: only ? 0 : 1, applied: !only, hot_reloaded: only ? [] : ['rubric'], validated_only: only, results };
  },
  'GET /api/configuration/{config}': (world, { params }) => without(documentOf(world, params.config), 'file_text'),
  'PUT /api/configuration/{config}': (world, { params, body, caller }) => {
    const document = documentOf(world, params.config);
    if (body.version !== undefined && body.version !== document.newest_version) refuse('stale', 'It was changed meanwhile', { detail: `Version ${document.newest_version} is in force.` });
    return changed(world, document, body.content, body.reason, 'set', caller.id);
  },
  'GET /api/configuration/{config}/history': (world, { params }) => paged(world.rounds.versions.filter((it) => it.config === documentOf(world, params.config).name)),
  'POST /api/configuration/{config}/revert': (world, { params, body, caller }) => {
    const document = documentOf(world, params.config);
    const version = world.rounds.versions.find((it) => it.config === document.name && it.version === body.version);
    if (body.version > 0 && !version) refuse('version_not_found', 'There is no such version');
    return changed(world, document, version?.new ?? document.file_text, body.reason, 'revert', caller.id, body.version === 0);
  },
  'POST /api/configuration/check': (world, { body }) => found(body?.contents?.rubric ?? ''),
  'GET /api/frontend': (world) => ({ theme: 'system', language: null, chars_max: null, autosave: '30s', session_warning: '5m', request_timeout: '1m', poll: '2s', features: {}, texts: world.app.sources.length > 0 ? { en: { help_letters: '# What makes a letter good\nBegin with **what you want**.' }, nl: { help_letters: '# Wat een brief goed maakt\nBegin met wat je wilt.' } } : {} }),
};

const documentOf = (world, name) => world.rounds.documents.find((it) => it.name === name) ?? refuse('configuration_not_found', 'There is no such document');

/** What the check finds in a text of the rubric. */
function found(text) {
  const at = text.split('\n').findIndex((it) => /weight: (?!60|40|100)/.test(it));
  const faults = at < 0 ? [] : [{ file: 'config/rubric.yaml', line: at + 1, column: 3, level: 'error', code: 'check_failed', message: 'the weights do not sum to 100', hint: 'change one of the weights' }];
  return { is_valid: faults.length === 0, errors: faults.length, warnings: 0, faults };
}

/** A text for a document: kept in its history, in force when nothing is wrong. */
function changed(world, document, text, reason, origin, by, isFile = false) {
  const report = found(text ?? '');
  const of = world.rounds.versions.filter((it) => it.config === document.name);
  const version = (of[0]?.version ?? 0) + 1;
  document.file_text ??= document.content;
  world.rounds.versions.unshift({ config: document.name, version, in_force: report.is_valid && !isFile, origin, reason: reason ?? '', is_valid: report.is_valid, faults: report.faults, old: document.newest, new: text ?? null, created_by: by, created_at: world.now() });
  const acts = report.is_valid ? document.acts : null;
  if (report.is_valid) {
    of.forEach((it) => Object.assign(it, { in_force: false }));
    const newest = isFile ? 0 : version;
    Object.assign(document, { newest: text, newest_version: newest, is_given: true }, document.acts === 'now' ? { content: text, version: newest } : { waits_for_start: true });
  }
  return { config: document.name, version, changed: report.is_valid, applied: acts === 'now', acts, ...report };
}

function put(world, message) {
  const { job } = accepted(start(world, { kind: 'archive', engine_kind: 'archive', tenant: NO_TENANT, subject: null, steps: ['Choosing', 'Writing'], finish: () => ({ record_count: 3 }) }));
  return { job, state: 'pending', message };
}
