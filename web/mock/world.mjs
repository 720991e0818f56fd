// What the mock server knows: made from an application's seeds, the same at every start.

import { randomUUID } from 'node:crypto';

import { askedOf } from './asked.mjs';
import { assistantsOf } from './assistants.mjs';
import { documentsOf } from './documents.mjs';
import { gatewayOf } from './gateway.mjs';
import { roundsOf } from './rounds.mjs';

export const HOUR = 3_600_000;

export class World {
  constructor({ app, seeds }) {
    this.app = whole(app);
    this.seeds = seeds;
    this.random = randomFrom(20_260_430);
    this.tenants = [];
    this.records = new Map();
    this.versions = [];
    this.versionRows = new Map();
    this.proposals = [];
    this.jobs = [];
    this.audit = [];
    this.usage = [];
    this.keys = [];
    this.signingKeys = [{ id: '5f0c77a1d2e94b30', is_signing: true, created_at: this.now(20 * 24 * HOUR), retired_at: null, sessions: 2 }];
    this.webhooks = [];
    this.deliveries = [];
    this.users = [];
    this.sessions = [];
    this.logs = [];
    this.listeners = new Set();
    this.#fill();
    this.gateway = gatewayOf(this);
    this.documents = documentsOf(this);
    this.talks = assistantsOf(this);
    this.rounds = roundsOf(this);
    this.asked = askedOf(this);
  }

  now(ago = 0) {
    return new Date(Date.now() - ago).toISOString();
  }

  note(act) {
    this.audit.unshift(this.#entry({ seq: this.audit.length + 1, at: this.now(), actor: 'usr_0', request_id: `req_${randomUUID().slice(0, 12)}`, ...act }));
  }

  /** An entry of the audit log; what belongs to the act itself goes into its details. */
  #entry({ tenant = 'default', seq, subject, before = null, after = null, why = null, request_id = null, record = null, version = null, tokens_used = null, ...act }) {
    return { id: `${tenant}-${seq}`, tenant, seq, engine_action: act.action, subject, record, version, details: { subject, before, after, why, address: '127.0.0.1', request_id }, tokens_used, ...act };
  }

  tell(job) {
    for (const listener of this.listeners) listener(job);
  }

  record(collection, { tenant = 'default', parent = null, version = null, lineage = null, data, ago = 0 }) {
    const id = randomUUID();
    const at = this.now(ago);
    return { id, number: null, tenant, collection, parent, version, lineage: lineage ?? id, data, revision: 1, active_version: null, lock: null, created_at: at, updated_at: at, deleted_at: null, created_by: 'usr_0' };
  }

  add(record) {
    this.records.set(record.id, record);
    return record;
  }

  list(collection) {
    return [...this.records.values()].filter((it) => it.collection === collection);
  }

  /** A new version of `record` with these rows. */
  version(record, rows, fields) {
    const number = Math.max(0, ...this.versions.filter((it) => it.record === record.id).map((it) => it.number)) + 1;
    const version = {
      id: randomUUID(),
      tenant: record.tenant,
      record: record.id,
      number,
      label: '',
      notes: null,
      state: 'ready',
      origin: 'change',
      task: null,
      inputs: null,
      summary: null,
      details: null,
      warnings: null,
      prompt_version: null,
      produced_by: 'rules',
      based_on: null,
      record_count: rows.length,
      is_active: false,
      created_by: 'usr_0',
      created_at: this.now(),
      ...fields,
    };
    this.versions.push(version);
    for (const row of rows) row.version = version.id;
    this.versionRows.set(version.id, rows);
    return version;
  }

  activate(version) {
    for (const it of this.versions) if (it.record === version.record) it.is_active = it.id === version.id;
    const record = this.records.get(version.record);
    record.active_version = { id: version.id, number: version.number, label: version.label, created_at: version.created_at };
    record.updated_at = this.now();
  }

  #fill() {
    const { app, seeds } = this;
    seeds.tenants.forEach(([name, slug, contact_email], index) => {
      const at = this.now((90 - index * 9) * 24 * HOUR);
      this.tenants.push({ id: `ten_${slug}`, slug, name, data: { contact_email, metadata: {} }, revision: 1, created_at: at, updated_at: at, deleted_at: null });
    });
    const tenant = (index) => this.tenants[index]?.id ?? 'default';

    const parentName = Object.keys(app.collections).find((it) => app.collections[it].versioned);
    const childName = parentName && app.collections[parentName].versioned.children;
    const parents = seeds.parents.map((seed) => {
      const record = this.add(this.record(parentName, { tenant: tenant(seed.tenant), data: seed.data, ago: (40 - seed.tenant) * 24 * HOUR }));
      let before = null;
      const lineages = [];
      for (let number = 1; number <= seed.versions; number++) {
        const rows = [];
        const random = randomFrom(1);
        for (let index = 0; index < seed.rows; index++) {
          if (number === 4 && index % 97 === 5) continue;
          const row = this.record(childName, { tenant: record.tenant, parent: record.id, lineage: lineages[index], data: seeds.row(index, number, random), ago: (30 - number * 5) * 24 * HOUR });
          lineages[index] ??= row.lineage;
          rows.push(row);
        }
        if (number === 4) for (let index = 0; index < 6; index++) rows.push(this.record(childName, { tenant: record.tenant, parent: record.id, data: seeds.row(seed.rows + index, 4, random), ago: HOUR }));
        for (const row of rows) this.records.set(row.id, row);
        before = this.version(record, rows, FIELDS[number - 1](this, before));
        before.created_at = this.now((26 - number * 6) * 24 * HOUR);
        if (number < 4) this.activate(before);
      }
      return record;
    });

    const made = {};
    for (const [collection, list] of Object.entries(seeds.others)) {
      made[collection] = list.map((seed) => {
        const data = Object.fromEntries(Object.entries(seed.data).map(([name, value]) => [name, /^parent:\d$/.test(String(value)) ? parents[Number(String(value).slice(7))].id : value]));
        const [where, index] = (seed.parent ?? '').split(':');
        return this.add(this.record(collection, { tenant: tenant(seed.tenant), parent: where ? made[where][Number(index)].id : null, data, ago: 12 * 24 * HOUR }));
      });
    }

    if (parents[0]) this.#history(parents, tenant);
    this.#people(tenant);
  }

  #history(parents, tenant) {
    const { app, seeds } = this;
    const task = Object.keys(app.tasks).find((it) => app.tasks[it].proposes);
    const active = this.versions.find((it) => it.record === parents[0].id && it.is_active);
    const rows = this.versionRows.get(active.id);
    for (let index = 0; index < 46; index++) {
      const [category, suggestion, change, confidence] = seeds.proposals[index % seeds.proposals.length];
      const row = rows[(index * 211) % rows.length];
      const suggested = change(row.data);
      const current = Object.fromEntries(Object.keys(suggested).filter((it) => it in row.data).map((it) => [it, row.data[it]]));
      this.proposals.push(this.proposal(active, { record: row.id, category, suggestion, change: { current, suggested, confidence: Math.max(0.2, confidence - (index % 5) * 0.04) }, subject: { title: row.data[app.collections[row.collection].title], data: row.data } }));
    }
    this.proposals.push(this.proposal(active, { category: seeds.advice[0], suggestion: seeds.advice[1], change: { suggested: null, confidence: 0.7 } }));

    const job = ({ ago = HOUR, ...fields }) => {
      this.jobs.push({ id: `job_${randomUUID()}`, tenant: tenant(0), subject: parents[0].id, kind: 'list_import', engine_kind: 'import', state: 'completed', dead: false, progress: 100, message: null, retry_count: 0, result: null, error: null, created_by: 'usr_0', created_at: this.now(ago), started_at: this.now(ago - 900), completed_at: this.now(ago - 16_000), ...fields });
    };
    job({ kind: 'renumber', engine_kind: 'task.renumber', ago: 1.5 * HOUR, message: 'Numbered 10,314 articles', result: { record: parents[0].id, version: this.versions[3].id, summary: 'Numbered 10,314 articles under “Family first”; 771 numbers differ.' } });
    job({ kind: 'review', engine_kind: `task.${task}`, ago: 3 * HOUR, result: { proposals: 47, summary: '47 proposals in 5 categories.' } });
    job({ kind: 'review', engine_kind: `task.${task}`, ago: 26 * HOUR, tenant: tenant(1), subject: parents[2].id, state: 'failed', progress: 60, retry_count: 3, error: { code: 'model_unavailable', message: 'The model did not answer after 4 attempts.' } });
    job({
      ago: 50 * HOUR,
      tenant: tenant(1),
      subject: parents[2].id,
      result: {
        record: parents[2].id,
        version: this.versions.find((it) => it.record === parents[2].id).id,
        record_count: 640,
        summary: '640 articles in 4 families; 12 rows were skipped.',
        produced_by: 'rules',
        rows: { read: 652, kept: 640, skipped: 12, warned: 9 },
        report: Array.from({ length: 21 }, (_, index) =>
          index % 7 === 3
            ? { row: index * 31 + 4, column: 'use', level: 'warning', code: 'unknown_word', message: '“galley” is none of the known uses; it is kept in the attributes.' }
            : { row: index * 31 + 4, column: 'item', level: 'error', code: 'required_empty', message: 'The name is empty, so the row is skipped.' },
        ),
      },
    });
    job({ ago: 75 * HOUR, state: 'cancelled', progress: 20, tenant: tenant(2), subject: parents[3].id });

    const name = (record) => record.data.name;
    const acts = [
      ['signed_in', 'Ada Lind signed in', null],
      ['version_created', `Version 4 of ${name(parents[0])}`, { before: null, after: { number: 4, label: 'Renumbered', record_count: 10314 } }],
      ['task_started', `Renumber on ${name(parents[0])}`, null],
      ['proposals_applied', `2 proposals accepted in ${name(parents[0])}`, { before: { pending: 49 }, after: { pending: 47 } }],
      ['record_updated', 'Changed the policy Family first', { before: { policy_json: { format: { digits: 2 } } }, after: { policy_json: { format: { digits: 3 } } } }],
      ['import_started', `Import into ${name(parents[2])}`, null],
      ['key_created', 'Made the key “Shop connector”', { before: null, after: { name: 'Shop connector', scopes: ['read'] } }],
      ['sign_in_refused', 'A sign-in was refused', null],
    ];
    for (let index = 0; index < 240; index++) {
      const [action, summary, changes] = acts[index % acts.length];
      this.audit.push(this.#entry({ seq: 240 - index, tenant: tenant(index % 3), at: this.now(index * 1.7 * HOUR + 60_000), actor: ['usr_0', 'usr_1', 'key_1'][index % 3], action, subject: `records/${parents[0].id}`, record: index % 2 ? parents[0].id : null, version: null, summary, ...changes, why: index % 6 === 4 ? 'Three digits, as printed on the labels.' : null, tokens_used: action === 'version_created' ? 48_211 : null, request_id: `req_${index.toString(16).padStart(12, '0')}` }));
    }

    const tasks = Object.keys(app.tasks);
    for (let index = 0; index < 340; index++) {
      const unknown = index % 37 === 9;
      const tokens_in = 900 + Math.floor(this.random() * 5200);
      const tokens_out = 200 + Math.floor(this.random() * 1800);
      const small = index % 3 === 1;
      this.usage.push({ id: `use_${index}`, asked: `use_${index % 29 === 3 ? index - 1 : index}`, key: index % 5 === 2 ? `key_${1 + (index % 2)}` : null, task: index % 4 < 2 ? tasks[index % tasks.length] ?? null : null, from_cache: false, prices: unknown ? null : '3f9c1a7e', ttft_ms: index % 3 ? 90 + Math.floor(this.random() * 700) : null, tenant: tenant(index % 3), job: index % 4 ? this.jobs[index % 3].id : null, operation: ['renumber', 'review', 'search', 'describe'][index % 4], operation_type: ['renumber', 'review', 'search', 'describe'][index % 4], provider: unknown ? 'local' : 'openai', model: unknown ? 'llama-3.1-8b' : small ? 'gpt-4o-mini' : 'gpt-4o', tokens_in, tokens_out, tokens_total: tokens_in + tokens_out, cost_usd: unknown ? null : (tokens_in * (small ? 0.15 : 2.5) + tokens_out * (small ? 0.6 : 10)) / 1e6, latency_ms: 400 + Math.floor(this.random() * 6000), outcome: index % 51 === 7 ? 'timeout' : 'ok', caller: 'usr_0', tokens_cached: index % 6 === 1 ? 512 : 0, estimated: unknown, status: index % 51 === 7 ? null : 200, at: this.now(index * 2.1 * HOUR) });
    }

    this.keys.push(
      this.key({ id: 'key_1', tenant: tenant(0), name: 'Shop connector', prefix: 'mk_live_9fQ2', last_used_at: this.now(4 * 60_000), created_at: this.now(30 * 24 * HOUR) }),
      this.key({ id: 'key_2', tenant: tenant(0), name: 'Nightly export', prefix: 'mk_live_Zk81', scopes: ['read', 'jobs:execute'], last_used_at: this.now(9 * HOUR), expires_at: this.now(-60 * 24 * HOUR), created_at: this.now(80 * 24 * HOUR) }),
      this.key({ id: 'key_3', tenant: tenant(1), name: 'Old importer', prefix: 'mk_test_a01B', scopes: ['read', 'write'], revoked_at: this.now(5 * 24 * HOUR), created_at: this.now(99 * 24 * HOUR) }),
    );
    this.webhooks.push(this.webhook({ id: 'whk_1', tenant: tenant(0), url: 'https://erp.nordwind.example/hooks/catalogue', events: ['list.renumbered', 'job.failed'], created_at: this.now(20 * 24 * HOUR) }));
    for (let index = 0; index < 14; index++) {
      const state = index === 0 ? 'pending' : index === 4 ? 'failed' : 'delivered';
      this.deliveries.push(this.delivery({ id: `dlv_${index}`, webhook: 'whk_1', event: ['list.renumbered', 'job.failed'][index % 2], state, attempts: state === 'failed' ? 6 : state === 'pending' ? 2 : 1, answer_status: state === 'delivered' ? 204 : 503, error: state === 'delivered' ? null : 'The receiver answered 503.', created_at: this.now(index * 7 * HOUR + 90_000), delivered_at: state === 'delivered' ? this.now(index * 7 * HOUR + 89_000) : null, attempted_at: this.now(index * 7 * HOUR + 89_000), latency_ms: 120 }));
    }
  }

  proposal(version, fields) {
    const at = this.now(3 * HOUR);
    return { id: `prp_${randomUUID()}`, tenant: version.tenant, version: version.id, parent: version.record, record: null, category: 'other', suggestion: '', change: null, status: 'pending', produced_by: 'rules', decided_by: null, decided_at: null, notes: null, feedback: null, applied_version: null, created_at: at, updated_at: at, subject: null, ...fields };
  }

  key(fields) {
    return { tenant: 'default', user: null, scopes: ['read'], created_at: this.now(), created_by: 'usr_0', expires_at: null, revoked_at: null, last_used_at: null, replaced_by: null, ...fields };
  }

  webhook(fields) {
    const at = fields.created_at ?? this.now();
    return { tenant: 'default', description: null, is_active: true, created_by: 'usr_0', created_at: at, updated_at: at, ...fields };
  }

  delivery(fields) {
    return { payload: {}, state: 'pending', attempts: 0, answer_status: null, error: null, latency_ms: null, created_at: this.now(), attempted_at: null, delivered_at: null, ...fields };
  }

  #people(tenant) {
    const at = this.now(100 * 24 * HOUR);
    const hasRoles = Object.keys(this.app.roles).length > 0;
    const names = Object.keys(this.app.roles);
    const user = (email, name, role, index, home) => ({ id: `usr_${index}`, email, name, role, role_name: hasRoles ? names[index] : role, tenant: home, disabled_at: null, last_login_at: index === 0 ? this.now(60_000) : this.now(50 * HOUR), revision: 1, created_at: at, updated_at: at, password: 'correct horse battery' });
    this.users.push(user('admin@example.com', 'Ada Lind', 'admin', 0, null));
    this.users.push(user('editor@example.com', 'Jonas Berg', 'editor', 1, this.app.tenants ? tenant(0) : null));
    this.users.push(user('viewer@example.com', 'Mira Sol', 'viewer', 2, this.app.tenants ? tenant(0) : null));
    const lines = [
      ['info', 'Took over the description of the application', { collections: Object.keys(this.app.collections).length }],
      ['info', 'Ready', { duration_ms: 412 }],
      ['warn', 'A model did not answer in time; rules answered', { 'task.name': 'review', latency_ms: 30000 }],
      ['info', 'Finished job', { 'job.kind': 'renumber', duration_ms: 15840 }],
      ['error', 'A webhook was given up after 6 attempts', { 'webhook.id': 'whk_1', status: 503 }],
      ['debug', 'Swept finished jobs', { removed: 0 }],
    ];
    for (let index = 0; index < 160; index++) {
      const [level, message, context] = lines[index % lines.length];
      this.logs.push({ number: index + 1, line: { timestamp: this.now((160 - index) * 41_000), level: level.toUpperCase(), message, service: this.app.app, target: 'mainstay', request_id: index % 4 ? null : `req_${index.toString(16).padStart(12, '0')}`, client_id: null, user_id: null, context } });
    }
  }
}

/** An application with all that it leaves out: most have none of it. */
function whole(app) {
  const each = (things, usual) => Object.fromEntries(Object.entries(things).map(([name, it]) => [name, { ...usual, ...it }]));
  return {
    questions: {},
    progress: {},
    reports: {},
    sources: [],
    lookups: [],
    schedules: [],
    languages: ['en'],
    sign_in: 'email',
    has_deprecations: false,
    ...app,
    collections: each(app.collections, { sorts: [], order: null, private: false, archived: false }),
    tasks: each(app.tasks, { text: null, result: null, computed: [] }),
  };
}

const FIELDS = [
  () => ({ label: 'Initial import', origin: 'import', summary: 'Read in from “stock.xlsx”. Four families were found; 12 rows had no name and were skipped.', details: { families: { 11: 3905, 12: 2603, 14: 2603, 16: 1301 }, quality: 'good' } }),
  (world, before) => ({ label: 'Descriptions', origin: 'proposals', based_on: before.id, summary: '312 proposals were accepted.' }),
  (world, before) => ({ label: 'Cleaned up', origin: 'task', task: 'renumber', based_on: before.id, produced_by: 'openai/gpt-4o', inputs: { policy_id: null, policy: 'Family first' }, summary: 'Duplicates were taken out and the numbers of three families brought in line.', warnings: ['“Hex nipple 15 mm” has no material; the number ends in 00.', 'Two articles would have had the number INX-015; a counter was added.'] }),
  (world, before) => ({ label: 'Renumbered', origin: 'task', task: 'renumber', based_on: before.id, inputs: { policy: 'Family first' }, summary: 'Numbered 10,314 articles under “Family first”; it waits for approval.' }),
];

function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
