// What the mock answers, path by path, with the shapes of the API.

import { randomUUID } from 'node:crypto';

import { askedRoutes } from './asked.mjs';
import { assistantRoutes } from './assistants.mjs';
import { check } from './check.mjs';
import { documentRoutes } from './documents.mjs';
import { dataOf, formOf, understand } from './files.mjs';
import { accepted, start } from './jobs.mjs';
import { modelRoutes } from './models.mjs';
import { refuse } from './problem.mjs';
import { roundRoutes } from './rounds.mjs';

/** `METHOD /path/{name}` → what answers there: `(world, { params, query, body, caller, form }) => answer`. */
export const routes = {
  'GET /api/app': (world) => world.app,
  'GET /api/me': (world, { caller }) => meOf(world, caller),
  'PATCH /api/me': (world, { caller, body }) => {
    if (body.password && body.current_password !== caller.password) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/current_password', message: 'This is not the password.' }] });
    if (body.name) caller.name = body.name;
    if (body.about !== undefined) caller.about = body.about;
    return meOf(world, caller);
  },
  'PUT /api/me/password': (world, { caller, body }) => {
    if (body.current_password !== caller.password) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/current_password', message: 'This is not the password.' }] });
    caller.password = body.password;
    return meOf(world, caller);
  },
  'GET /api/me/picture': (world, { caller }) => (caller.portrait ? { file: 'picture.png', type: caller.portrait.type, text: caller.portrait.bytes } : refuse('not_found', 'You have no picture')),
  'POST /api/me/picture': async (world, { caller, request, raw, isForm }) => {
    const file = isForm ? (await new Response(raw, { headers: { 'content-type': request.headers['content-type'] } }).formData()).get('file') : null;
    if (!file?.type.startsWith('image/')) refuse('invalid_file_type', 'That is no picture: PNG, JPEG, GIF or WebP is.');
    caller.portrait = { type: file.type, bytes: Buffer.from(await file.arrayBuffer()), at: Date.now() };
    return meOf(world, caller);
  },
  'DELETE /api/me/picture': (world, { caller }) => {
    caller.portrait = null;
    return meOf(world, caller);
  },

  'GET /api/tenants': (world, { query, caller }) => page(world.tenants.filter((it) => (caller.tenant ? it.id === caller.tenant : true) && (query.deleted === 'true' || !it.deleted_at) && fits(it.name, query.search)), { ...query, count: 'true' }),
  'POST /api/tenants': (world, { body }) => {
    valid(world.app.tenants?.schema ?? {}, body);
    if (world.tenants.some((it) => it.name === body.name)) refuse('not_unique', 'The name is taken', { errors: [{ field: '/name', message: 'Another one has this name.' }] });
    const { name, slug, ...data } = body;
    const made = { id: `ten_${randomUUID().slice(0, 8)}`, slug: slug ?? name.toLowerCase().replace(/[^a-z0-9]+/g, '-'), name, data, revision: 1, created_at: world.now(), updated_at: world.now(), deleted_at: null };
    world.tenants.push(made);
    return made;
  },
  'GET /api/tenants/{tenant}': (world, { params }) => tenantOf(world, params.tenant),
  'PATCH /api/tenants/{tenant}': (world, { params, body }) => {
    const tenant = tenantOf(world, params.tenant);
    const { name = tenant.name, slug = tenant.slug, ...data } = body;
    return Object.assign(tenant, { name, slug, data: { ...tenant.data, ...data }, revision: tenant.revision + 1, updated_at: world.now() });
  },
  'DELETE /api/tenants/{tenant}': (world, { params }) => void (tenantOf(world, params.tenant).deleted_at = world.now()),
  'POST /api/tenants/{tenant}/restore': (world, { params }) => Object.assign(tenantOf(world, params.tenant), { deleted_at: null }),
  'GET /api/tenants/{tenant}/export': (world, { params }) => ({ file: 'tenant.json', text: JSON.stringify({ tenant: tenantOf(world, params.tenant) }) }),

  'GET /api/collections/{collection}': (world, { params, query, caller }) => {
    const view = collectionOf(world, params.collection);
    const tenant = caller.tenant ?? query.tenant;
    const rows = world
      .list(params.collection)
      .filter((it) => (view.shared || !tenant || it.tenant === tenant) && (!query.parent || it.parent === query.parent) && (query.deleted === 'true' || !it.deleted_at));
    return page(narrowed(rows, view, query), query);
  },
  'POST /api/collections/{collection}': (world, { params, query, body, caller }) => {
    const view = collectionOf(world, params.collection);
    valid(view.schema, body, view.documents);
    for (const fields of view.unique) {
      if (world.list(params.collection).some((it) => !it.deleted_at && fields.every((field) => at(it.data, field) === at(body, field)))) refuse('not_unique', `There is such a ${view.noun} already`, { errors: [{ field: `/${fields[0]}`, message: `Another ${view.noun} has the same ${fields.join(' and ')}.` }] });
    }
    const record = world.add(world.record(params.collection, { tenant: caller.tenant ?? query.tenant ?? 'default', parent: query.parent, data: body }));
    world.note({ action: 'record_created', record: record.id, subject: `${params.collection}/${record.id}`, summary: `Made a ${view.noun}`, before: null, after: body, tenant: record.tenant });
    return record;
  },
  'GET /api/records/{record}': (world, { params, caller }) => recordOf(world, params.record, caller),
  'PATCH /api/records/{record}': (world, { params, body, headers, caller }) => {
    const record = recordOf(world, params.record, caller);
    const view = world.app.collections[record.collection];
    if (headers['if-match'] && headers['if-match'] !== `W/"${record.revision}"`) refuse('stale', 'Somebody changed it meanwhile', { hint: 'Load it again and repeat your change.' });
    const data = Object.fromEntries(Object.entries({ ...record.data, ...body }).filter(([, it]) => it !== undefined));
    valid(view.schema, data, view.documents);
    world.note({ action: 'record_updated', record: record.id, subject: `${record.collection}/${record.id}`, summary: `Changed a ${view.noun}`, before: record.data, after: data, tenant: record.tenant });
    return Object.assign(record, { data, revision: record.revision + 1, updated_at: world.now() });
  },
  'DELETE /api/records/{record}': (world, { params, query, caller }) => {
    const record = recordOf(world, params.record, caller);
    if (query.permanent !== 'true') return void (record.deleted_at = world.now());
    world.records.delete(record.id);
    world.talks.chats = world.talks.chats.filter((it) => it.view.record !== record.id);
    return undefined;
  },
  'POST /api/records/{record}/restore': (world, { params, caller }) => Object.assign(recordOf(world, params.record, caller), { deleted_at: null }),
  'GET /api/records/{record}/versions': (world, { params, query }) => page(world.versions.filter((it) => it.record === params.record).sort((a, b) => b.number - a.number), query),
  'POST /api/records/{record}/revert': (world, { params, body, caller }) => {
    const record = recordOf(world, params.record, caller);
    const source = world.versions.find((it) => it.record === record.id && it.number === body.number) ?? refuse('version_not_found', 'There is no such version');
    if (source.is_active) refuse('same_version', 'This version is the active one');
    return accepted(
      start(world, {
        kind: 'revert',
        engine_kind: 'revert',
        tenant: record.tenant,
        subject: record.id,
        steps: ['Copying the version'],
        finish: () => {
          const version = world.version(record, copies(world, source), { label: body.label ?? `Back to version ${source.number}`, notes: body.reason ?? null, origin: 'revert', based_on: source.id });
          world.activate(version);
          return { record: record.id, version: version.id, summary: `Version ${version.number} holds what version ${source.number} held.` };
        },
      }),
    );
  },
  'POST /api/records/{record}/change': async (world, input) => {
    const record = recordOf(world, input.params.record, input.caller);
    if (record.lock) refuse('record_locked', 'A job is working on this', { detail: `It is locked by ${record.lock.by}.`, hint: 'Wait until the job is done, or cancel it.' });
    const childName = world.app.collections[record.collection].versioned?.children ?? refuse('invalid_input', 'It has no versions');
    const view = world.app.collections[childName];
    const { file } = input.isForm ? await formOf(input.request, input.raw) : {};
    const understood = file && understand(view, file);
    const items = understood ? understood.kept.map((it) => dataOf(understood.columns, it)) : (input.body?.items ?? []);
    if (items.length === 0) refuse('nothing_to_do', 'There is nothing to change');
    if (!file) items.forEach((it) => valid(view.schema, it));
    const base = world.versions.filter((it) => it.record === record.id).sort((a, b) => Number(b.is_active) - Number(a.is_active) || b.number - a.number)[0];
    return accepted(
      start(world, {
        kind: 'list_import',
        engine_kind: 'change',
        tenant: record.tenant,
        subject: record.id,
        steps: ['Reading the rows', 'Recognising what is there', 'Writing the version'],
        finish: () => {
          const rows = base ? copies(world, base) : [];
          const key = view.unique[0]?.[0];
          for (const item of items) {
            const known = rows.find((it) => it.data[key] && it.data[key] === item[key]);
            if (known) known.data = { ...known.data, ...item };
            else rows.push(world.add(world.record(childName, { tenant: record.tenant, parent: record.id, data: { ...item, [key]: item[key] || `NEW-${String(rows.length).padStart(4, '0')}` } })));
          }
          const version = world.version(record, rows, { label: 'Changed', origin: 'change', based_on: base?.id ?? null });
          world.activate(version);
          return { record: record.id, version: version.id, record_count: rows.length, summary: `${items.length} rows were taken in.`, produced_by: 'rules', rows: understood?.rows ?? { read: items.length, kept: items.length, skipped: 0, warned: 0 }, report: understood?.report ?? [] };
        },
      }),
    );
  },
  'POST /api/collections/{collection}/preview': async (world, input) => {
    const view = rowsOf(world, input.params.collection);
    const { file } = input.isForm ? await formOf(input.request, input.raw) : refuse('invalid_input', 'The file is missing');
    const { columns, kept, rows: counts, report } = understand(view, file);
    return { format: 'csv', columns, rows: kept.slice(0, 20).map((line, index) => ({ row: index + 2, data: dataOf(columns, line) })), counts, report, report_left_out: 0 };
  },
  'POST /api/collections/{collection}/import': async (world, input) => {
    const name = input.params.collection;
    const view = collectionOf(world, name);
    const childName = view.versioned?.children ?? refuse('invalid_input', 'It has no versions');
    const { file, fields: { tenant, ...fields } } = input.isForm ? await formOf(input.request, input.raw) : refuse('invalid_input', 'The file is missing');
    valid(view.schema, fields);
    const understood = understand(world.app.collections[childName], file);
    const record = world.add(world.record(name, { tenant: input.caller.tenant ?? tenant ?? 'default', data: fields }));
    return accepted(
      start(world, {
        kind: 'list_import',
        engine_kind: 'import',
        tenant: record.tenant,
        subject: record.id,
        steps: ['Reading the file', 'Recognising the columns', 'Completing the rows', 'Writing the version'],
        finish: () => {
          const key = world.app.collections[childName].unique[0]?.[0];
          const rows = understood.kept.map((line, index) => {
            const data = dataOf(understood.columns, line);
            return world.add(world.record(childName, { tenant: record.tenant, parent: record.id, data: { ...data, [key]: data[key] || `UNNUMBERED-${String(index + 1).padStart(4, '0')}` } }));
          });
          const version = world.version(record, rows, { label: 'Initial import', origin: 'import' });
          world.activate(version);
          return { record: record.id, version: version.id, record_count: rows.length, summary: `${rows.length} rows were read in.`, produced_by: 'rules', rows: understood.rows, report: understood.report };
        },
      }),
    );
  },

  'GET /api/versions/{version}': (world, { params }) => versionOf(world, params.version),
  'DELETE /api/versions/{version}': (world, { params }) => {
    const version = versionOf(world, params.version);
    if (version.is_active) refuse('version_active', 'The active version cannot be deleted', { hint: 'Activate another one first.' });
    world.versions = world.versions.filter((it) => it !== version);
  },
  'GET /api/versions/{version}/records': (world, { params, query }) => {
    const rows = world.versionRows.get(versionOf(world, params.version).id) ?? [];
    return page(narrowed(rows, world.app.collections[rows[0]?.collection] ?? { columns: [] }, query), query);
  },
  'GET /api/versions/{version}/diff/{other}': (world, { params }) => diff(world, versionOf(world, params.version), versionOf(world, params.other)),
  'POST /api/versions/{version}/activate': (world, { params }) => {
    const version = versionOf(world, params.version);
    world.activate(version);
    world.note({ action: 'version_activated', record: version.record, version: version.id, subject: `versions/${version.id}`, summary: `Version ${version.number} became the active one`, tenant: version.tenant });
    return version;
  },
  'GET /api/versions/{version}/export': (world, { params }) => {
    const rows = world.versionRows.get(versionOf(world, params.version).id) ?? [];
    return { file: `export-v${versionOf(world, params.version).number}.csv`, text: rows.map((it) => Object.values(it.data).map((cell) => JSON.stringify(cell)).join(',')).join('\n') };
  },
  'GET /api/versions/{version}/proposals': (world, { params, query }) => page(world.proposals.filter((it) => it.version === params.version && (!query.status || it.status === query.status) && (!query.category || it.category === query.category)), query),

  'POST /api/proposals/{proposal}/accept': (world, { params, caller }) => decide(world, [params.proposal], 'accepted', null, caller).accepted,
  'POST /api/proposals/{proposal}/reject': (world, { params, body, caller }) => decide(world, [params.proposal], 'rejected', body?.reason, caller).list[0],
  'POST /api/proposals/decide': (world, { body, caller }) => {
    const status = { accept: 'accepted', reject: 'rejected', dismiss: 'dismissed' }[body.action];
    const pending = body.ids.filter((id) => world.proposals.find((it) => it.id === id)?.status === 'pending');
    const skipped = body.ids.filter((id) => !pending.includes(id));
    const done = decide(world, pending, status, body.notes, caller);
    const job = done.accepted?.job ?? null;
    return { accepted: 0, rejected: 0, dismissed: 0, [status]: pending.length, skipped, job, jobs: job ? [job] : [] };
  },

  'POST /api/tasks/{task}': (world, { params, body, caller }) => {
    const task = world.app.tasks[params.task] ?? refuse('not_found', 'There is no such task');
    const version = body.version && versionOf(world, body.version);
    const record = recordOf(world, version?.record ?? body.record, caller);
    if (task.run === 'now') {
      return { answer: { policy_json: { order: 'size-first', number_template: '${size}-${family}', format: { digits: 3 } }, explanation: `Sizes come first now, because you wrote: “${body.input.text}”` }, produced_by: 'rules', model: null };
    }
    if (record.lock) refuse('record_locked', 'A job is working on this', { hint: 'Wait until the job is done, or cancel it.' });
    return accepted(
      start(world, {
        kind: params.task,
        engine_kind: `task.${params.task}`,
        tenant: record.tenant,
        subject: record.id,
        steps: ['Gathering the rows', 'Asking, batch by batch', 'Checking the answers', 'Writing'],
        finish: () => {
          if (task.makes !== 'version') return { proposals: 0, summary: 'Nothing new was found.' };
          const rows = copies(world, version);
          const title = world.app.collections[rows[0].collection].title;
          rows.forEach((it, index) => index % 12 === 0 && (it.data = { ...it.data, [title]: `${it.data[title]}-N` }));
          const made = world.version(record, rows, { label: body.label ?? body.input.label ?? task.title, notes: body.notes ?? null, origin: 'task', task: params.task, based_on: version.id, inputs: body.input, summary: `${rows.length} rows were looked at.` });
          return { record: record.id, version: made.id, summary: made.summary };
        },
      }),
    );
  },

  'POST /api/search': (world, { body, caller }) => {
    const view = collectionOf(world, body.collection);
    const tenant = caller.tenant ?? body.tenant;
    const words = body.query.toLowerCase().split(/\s+/).filter(Boolean);
    const actives = new Set(world.versions.filter((it) => it.is_active).map((it) => it.id));
    const results = world
      .list(body.collection)
      .filter((it) => (view.shared || !tenant || it.tenant === tenant) && (!it.version || actives.has(it.version)))
      .map((item) => ({ item, score: words.filter((word) => JSON.stringify(item.data).toLowerCase().includes(word)).length / words.length }))
      .filter((it) => it.score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, body.limit ?? 20)
      .map(({ item, score }) => ({ item, score, version: item.version, parent: item.parent, title: String(at(item.data, view.title)), parent_title: item.parent ? (world.records.get(item.parent)?.data.name ?? null) : null }));
    return { results, result_count: results.length, method: world.app.model.embed ? 'both' : 'words', model: world.app.model.embed };
  },

  'GET /api/jobs': (world, { query, caller }) => page(world.jobs.filter((it) => inTenant(it, query, caller) && (!query.state || it.state === query.state) && (!query.kind || it.engine_kind === query.kind) && (!query.record || it.subject === query.record)), query),
  'GET /api/jobs/{job}': (world, { params }) => jobOf(world, params.job),
  'POST /api/jobs/{job}/cancel': (world, { params }) => {
    const job = jobOf(world, params.job);
    if (!['pending', 'running'].includes(job.state)) refuse('job_state', 'The job is over');
    return Object.assign(job, { state: 'cancelled', message: 'Stopped on request' });
  },
  'POST /api/jobs/{job}/retry': (world, { params }) => {
    const job = jobOf(world, params.job);
    if (!['failed', 'cancelled'].includes(job.state)) refuse('job_state', 'Only a failed job can run again');
    return Object.assign(job, { state: 'completed', progress: 100, error: null, retry_count: job.retry_count + 1, completed_at: world.now() });
  },

  'GET /api/audit': (world, { query, caller }) => page(world.audit.filter((it) => inTenant(it, query, caller) && (!query.record || it.record === query.record) && (!query.action || it.action === query.action) && (!query.actor || it.actor === query.actor) && (!query.from || it.at >= query.from) && (!query.to || it.at <= query.to)), query),
  'GET /api/audit/verify': (world) => ({ whole: true, rows: world.audit.length, chains: (world.tenants.length ? world.tenants : [{ id: 'default' }]).map((it) => ({ tenant: it.id, rows: 60, head: '8f104fc33cb9b081', broken: null })) }),
  'GET /api/usage': (world, { query, caller }) => page(world.usage.filter((it) => inTenant(it, query, caller) && inPeriod(it, query) && ['operation', 'key', 'task', 'model', 'asked', 'outcome', 'job'].every((name) => !query[name] || it[name] === query[name])), query),
  'GET /api/usage/summary': (world, { query, caller }) => {
    const rows = world.usage.filter((it) => inTenant(it, query, caller) && inPeriod(it, query));
    const key = { day: (it) => it.at.slice(0, 10), month: (it) => it.at.slice(0, 7), operation: (it) => it.operation, model: (it) => it.model, provider: (it) => it.provider, tenant: (it) => it.tenant, key: (it) => it.key ?? '', task: (it) => it.task ?? '' }[query.group_by ?? 'day'];
    const groups = Map.groupBy ? Map.groupBy(rows, key) : groupBy(rows, key);
    return { from: query.from ?? world.now(30 * 86_400_000), to: query.to ?? world.now(), group_by: query.group_by ?? 'day', summary: sum(rows), breakdown: [...groups].map(([name, list]) => ({ name, ...sum(list) })) };
  },

  ...modelRoutes,

  ...documentRoutes,

  ...assistantRoutes,
  ...askedRoutes,
  ...roundRoutes,

  'GET /api/users': (world, { query }) => page(world.users.filter((it) => !query.tenant || it.tenant === query.tenant).map(open), query),
  'POST /api/users': (world, { body }) => {
    if (world.users.some((it) => it.email === body.email)) refuse('not_unique', 'The e-mail is taken', { errors: [{ field: '/email', message: 'Somebody has this address already.' }] });
    const made = { id: `usr_${randomUUID().slice(0, 8)}`, email: body.email, name: body.name, role: world.app.roles[body.role]?.role ?? body.role, role_name: body.role, tenant: body.tenant ?? null, disabled_at: null, last_login_at: null, revision: 1, created_at: world.now(), updated_at: world.now(), password: body.password };
    world.users.push(made);
    return open(made);
  },
  'PATCH /api/users/{user}': (world, { params, body }) => {
    const user = world.users.find((it) => it.id === params.user) ?? refuse('not_found', 'There is no such user');
    const { disabled, ...rest } = body;
    Object.assign(user, rest, rest.role ? { role: world.app.roles[rest.role]?.role ?? rest.role, role_name: rest.role } : {});
    if (disabled !== undefined) user.disabled_at = disabled ? world.now() : null;
    return open(user);
  },
  'POST /api/users/{user}/erase': (world, { params, body }) => {
    const user = world.users.find((it) => it.id === params.user) ?? refuse('not_found', 'There is no such user');
    const counts = { sessions: 1, keys: 0, chats: 2, messages: 9, runs: 4, prompts: 1, conversations: 0, questions: 0, documents: 3, documents_handed_over: body.shared_documents === 'erase' ? 0 : 1, records: 0, archived: 0, feedback: 1 };
    if (body.dry_run) return { user: user.id, dry_run: true, state: 'planned', job: null, counts };
    world.users = world.users.filter((it) => it !== user);
    return { user: user.id, dry_run: false, state: 'completed', job: randomUUID(), counts };
  },
  'GET /api/sessions': (world, { query, caller, session }) => page(world.sessions.filter((it) => it.user === (query.user ?? caller.id)).map((it) => ({ ...without(it, ['refresh', 'access', 'until']), is_current: it.id === session.id })), query),
  'DELETE /api/sessions/{session}': (world, { params }) => void (world.sessions = world.sessions.filter((it) => it.id !== params.session)),
  'GET /api/keys': (world, { query }) => page(world.keys.filter((it) => !query.tenant || it.tenant === query.tenant), query),
  'POST /api/keys': (world, { body, caller }) => {
    const secret = `mk_${body.mode ?? 'live'}_${randomUUID().replaceAll('-', '')}`;
    const key = world.key({ id: `key_${randomUUID().slice(0, 8)}`, tenant: body.tenant ?? 'default', name: body.name, prefix: secret.slice(0, 12), scopes: body.scopes, expires_at: body.expires_at ?? null, created_by: caller.id });
    world.keys.unshift(key);
    return { ...key, secret };
  },
  'DELETE /api/keys/{key}': (world, { params }) => void (keyOf(world, params.key).revoked_at = world.now()),
  'POST /api/keys/{key}/rotate': (world, { params }) => ({ ...keyOf(world, params.key), secret: `mk_live_${randomUUID().replaceAll('-', '')}` }),
  'GET /api/signing-keys': (world) => ({ keys: world.signingKeys, max_age_s: 90 * 86_400 }),
  'POST /api/signing-keys/rotate': (world) => {
    const made = { id: randomUUID().replaceAll('-', '').slice(0, 16), is_signing: true, created_at: world.now(), retired_at: null, sessions: 0 };
    world.signingKeys = [...world.signingKeys.map((it) => ({ ...it, is_signing: false })), made];
    return made;
  },

  'GET /api/webhooks': (world, { query }) => page(world.webhooks.filter((it) => !query.tenant || it.tenant === query.tenant), query),
  'POST /api/webhooks': (world, { body }) => {
    const made = world.webhook({ id: `whk_${randomUUID().slice(0, 8)}`, tenant: body.tenant ?? 'default', url: body.url, events: body.events });
    world.webhooks.push(made);
    return { ...made, secret: `whsec_${randomUUID().replaceAll('-', '')}` };
  },
  'GET /api/webhooks/{webhook}': (world, { params }) => webhookOf(world, params.webhook),
  'DELETE /api/webhooks/{webhook}': (world, { params }) => void (world.webhooks = world.webhooks.filter((it) => it.id !== params.webhook)),
  'GET /api/webhooks/{webhook}/deliveries': (world, { params, query }) => page(world.deliveries.filter((it) => it.webhook === params.webhook), query),
  'POST /api/webhooks/{webhook}/test': (world, { params }) => {
    webhookOf(world, params.webhook);
    const made = world.delivery({ id: `dlv_${randomUUID().slice(0, 8)}`, webhook: params.webhook, event: 'test', payload: { message: 'A test, sent by hand.' } });
    world.deliveries.unshift(made);
    return made;
  },
  'POST /api/deliveries/{delivery}/retry': (world, { params }) => Object.assign(world.deliveries.find((it) => it.id === params.delivery) ?? refuse('not_found', 'There is no such delivery'), { state: 'delivered', answer_status: 204, error: null, attempted_at: world.now(), delivered_at: world.now() }),
  'GET /api/prompts': (world, { query }) =>
    page(
      Object.keys(world.app.tasks).map((name) => ({ name, version: 2, text: `{% block system %}You look after a catalogue.{% endblock %}\n\n{% block user %}\n<items>\n{% for item in items %}\n{{ item | tojson }}\n{% endfor %}\n</items>\n\nAnswer with JSON that fits:\n{{ schema }}\n{% endblock %}`, variables: ['items', 'schema'], is_active: true, created_at: world.now(40 * 3_600_000) })),
      query,
    ),

  'GET /api/v1/stats': (world) => ({
    version: '0.1.0',
    timestamp: world.now(),
    started_at: world.now(93_000_000),
    uptime_seconds: Math.floor(process.uptime()) + 93_000,
    requests: { total: 18_223, errors: 41 },
    queue: { dead: 0, ...Object.fromEntries(['pending', 'running', 'completed', 'failed', 'cancelled'].map((state) => [state, world.jobs.filter((it) => it.state === state).length])) },
    models: { spent_today_usd: spent(world, 1), spent_month_usd: spent(world, 30), unknown_cost_count: world.usage.filter((it) => it.cost_usd === null).length, tokens_today: 91_233 },
    counts: Object.fromEntries(Object.keys(world.app.collections).map((name) => [name, countOf(world, name)])),
  }),
  'GET /api/logs': (world, { query }) => page(world.logs.filter((it) => (!query.level || it.line.level === query.level.toUpperCase()) && fits(it.line.message, query.search)).slice(-(query.limit ?? 50)), query),
  'GET /health': (world) => ({
    status: 'degraded',
    timestamp: world.now(),
    version: '0.1.0',
    checks: { database: { status: 'healthy', latency_ms: 2 }, jobs: { status: 'healthy', latency_ms: 1 }, storage: { status: 'healthy', latency_ms: 0, message: '41 GB free' }, ai_services: { status: 'degraded', latency_ms: 0, message: 'No model is configured: rules answer.' } },
  }),
};

/** What a role may do here: the table of the server in short. */
export const PERMISSIONS = {
  viewer: ['own_account', 'ask_questions', 'read_records', 'read_documents', 'read_jobs', 'read_usage', 'read_audit'],
  editor: ['own_account', 'ask_questions', 'use_assistants', 'read_records', 'read_documents', 'write_documents', 'write_records', 'run_tasks', 'use_models', 'decide_proposals', 'read_jobs', 'manage_jobs', 'read_usage', 'read_audit'],
  admin: ['own_account', 'ask_questions', 'read_private', 'manage_schedules', 'manage_archives', 'manage_configuration', 'use_assistants', 'read_documents', 'write_documents', 'manage_documents', 'list_tenants', 'manage_tenants', 'read_records', 'write_records', 'erase_records', 'manage_reference', 'run_tasks', 'use_models', 'decide_proposals', 'read_jobs', 'manage_jobs', 'read_usage', 'read_audit', 'manage_audit', 'manage_keys', 'manage_users', 'manage_webhooks', 'manage_models', 'read_telemetry', 'read_internals'],
};

export function meOf(world, user) {
  return { id: user.id, email: user.email, username: user.username ?? null, name: user.name, role: user.role, role_name: user.role_name, tenant: user.tenant, can_write: PERMISSIONS[user.role].includes('write_records'), is_admin: PERMISSIONS[user.role].includes('manage_users'), is_active: !user.disabled_at, permissions: PERMISSIONS[user.role], reaches: user.tenant ? 'one' : 'all', about: user.about ?? '', picture: user.portrait ? `/api/me/picture?at=${user.portrait.at}` : null, created_at: user.created_at };
}

function page(rows, { limit = 50, cursor, count }) {
  const from = cursor ? Number(Buffer.from(cursor, 'base64url')) : 0;
  const to = from + Number(limit);
  const key = (offset) => Buffer.from(String(offset)).toString('base64url');
  return { items: rows.slice(from, to), next_cursor: to < rows.length ? key(to) : null, prev_cursor: from > 0 ? key(Math.max(0, from - Number(limit))) : null, ...(count === 'true' ? { total: rows.length } : {}) };
}

function narrowed(rows, view, query) {
  const filters = Object.entries(query).filter(([name]) => name.startsWith('filter.'));
  const words = (query.search ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((it) => {
    if (!filters.every(([name, value]) => holds(it.data, name.slice(7), value))) return false;
    const text = words.length > 0 ? JSON.stringify(it.data).toLowerCase() : '';
    return words.every((word) => text.includes(word));
  });
}

/** `field`, `field from`, `field to`. */
function holds(data, name, wanted) {
  const [field, way] = name.split(' ');
  const value = String(at(data, field));
  return way === 'from' ? value >= wanted : way === 'to' ? value <= wanted : value === wanted;
}

function diff(world, from, to) {
  const before = new Map(world.versionRows.get(from.id).map((it) => [it.lineage, it]));
  const after = new Map(world.versionRows.get(to.id).map((it) => [it.lineage, it]));
  const view = world.app.collections[[...after.values()][0]?.collection];
  const key = view?.unique[0]?.[0];
  const changed = [];
  const renamed = [];
  let unchanged = 0;
  for (const [lineage, row] of after) {
    const old = before.get(lineage);
    if (!old) continue;
    const fields = changesOf(old.data, row.data);
    if (fields.length === 0) unchanged += 1;
    else changed.push({ lineage, before: old, after: row, fields });
    if (old.data[key] !== row.data[key]) renamed.push({ lineage, record: row, field: key, before: old.data[key], after: row.data[key] });
  }
  const added = [...after.values()].filter((it) => !before.has(it.lineage));
  const removed = [...before.values()].filter((it) => !after.has(it.lineage));
  return { from: { id: from.id, number: from.number }, to: { id: to.id, number: to.number }, added, removed, changed, renamed, counts: { added: added.length, removed: removed.length, changed: changed.length, renamed: renamed.length, unchanged } };
}

function changesOf(before, after, path = '') {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const a = before[name];
    const b = after[name];
    const field = path + name;
    if (a && b && typeof a === 'object' && typeof b === 'object') return changesOf(a, b, `${field}.`);
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ field, before: a ?? null, after: b ?? null }];
  });
}

function decide(world, ids, status, notes, caller) {
  const list = ids.map((id) => {
    const proposal = world.proposals.find((it) => it.id === id) ?? refuse('proposal_not_found', 'There is no such proposal');
    if (proposal.status !== 'pending') refuse('proposal_decided', 'This proposal was decided already');
    return Object.assign(proposal, { status, notes: notes ?? null, decided_by: caller.id, decided_at: world.now() });
  });
  if (status !== 'accepted' || list.length === 0) return { list, accepted: null };
  const version = versionOf(world, list[0].version);
  const record = world.records.get(version.record);
  const job = start(world, {
    kind: 'apply_proposals',
    engine_kind: 'proposals',
    tenant: record.tenant,
    subject: record.id,
    steps: ['Applying the proposals'],
    finish: () => {
      const made = world.version(record, copies(world, version), { label: `${list.length} accepted`, origin: 'proposals', based_on: version.id });
      return { record: record.id, version: made.id, summary: `${list.length} proposals were applied.` };
    },
  });
  return { list, accepted: accepted(job) };
}

function copies(world, version) {
  return world.versionRows.get(version.id).map((it) => world.add({ ...it, id: randomUUID(), data: { ...it.data } }));
}

function valid(schema, data, documents = {}) {
  const errors = [...check(schema, data), ...Object.entries(documents).flatMap(([field, inner]) => check(inner, data[field], `/${field}`))];
  if (errors.length > 0) refuse('invalid_input', 'Some fields are not right', { detail: `${errors.length} of them are named below.`, errors });
}

function sum(rows) {
  const of = (field) => rows.reduce((all, it) => all + it[field], 0);
  return { total_tokens: of('tokens_total'), tokens_in: of('tokens_in'), tokens_out: of('tokens_out'), total_cost_usd: rows.reduce((all, it) => all + (it.cost_usd ?? 0), 0), operations_count: new Set(rows.map((it) => it.asked)).size, attempts_count: rows.length, unknown_cost_count: rows.filter((it) => it.cost_usd === null).length };
}

function groupBy(rows, key) {
  const groups = new Map();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
}

function spent(world, days) {
  const since = new Date(Date.now() - days * 86_400_000).toISOString();
  return world.usage.filter((it) => it.at >= since).reduce((all, it) => all + (it.cost_usd ?? 0), 0);
}

function countOf(world, name) {
  const actives = new Set(world.versions.filter((it) => it.is_active).map((it) => it.id));
  return world.list(name).filter((it) => !it.deleted_at && (!it.version || actives.has(it.version))).length;
}

const at = (data, path) => path.split('.').reduce((here, part) => here?.[part], data);
const fits = (text, words) => !words || text.toLowerCase().includes(words.toLowerCase());
const inTenant = (it, query, caller) => !(caller.tenant ?? query.tenant) || it.tenant === (caller.tenant ?? query.tenant);
const inPeriod = (it, query) => (!query.from || it.at >= query.from) && (!query.to || it.at <= query.to);
const without = (it, names) => Object.fromEntries(Object.entries(it).filter(([name]) => !names.includes(name)));
const open = (user) => ({ username: null, ...without(user, ['password', 'about', 'portrait']), is_admin: PERMISSIONS[user.role].includes('manage_users'), is_active: user.disabled_at === null, reaches: user.tenant ? 'one' : 'all', disabled: user.disabled_at !== null });
const tenantOf = (world, id) => world.tenants.find((it) => it.id === id) ?? refuse('tenant_not_found', 'There is no such tenant');
const versionOf = (world, id) => world.versions.find((it) => it.id === id) ?? refuse('version_not_found', 'There is no such version');
const keyOf = (world, id) => world.keys.find((it) => it.id === id) ?? refuse('not_found', 'There is no such key');
const webhookOf = (world, id) => world.webhooks.find((it) => it.id === id) ?? refuse('not_found', 'There is no such webhook');
const jobOf = (world, id) => world.jobs.find((it) => it.id === id) ?? refuse('job_not_found', 'There is no such job');
const collectionOf = (world, name) => world.app.collections[name] ?? refuse('not_found', 'There is no such collection');
const rowsOf = (world, name) => {
  const view = collectionOf(world, name);
  return view.versioned ? world.app.collections[view.versioned.children] : view;
};

function recordOf(world, id, caller) {
  const record = world.records.get(id) ?? refuse('record_not_found', 'There is no such record', { detail: `No record has the id ${id}.` });
  const shared = world.app.collections[record.collection].shared;
  if (caller.tenant && !shared && record.tenant !== caller.tenant) refuse('tenant_forbidden', 'This belongs to somebody else');
  return record;
}
