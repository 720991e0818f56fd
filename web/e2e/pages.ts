/** The pages to look at, found by asking the server what application it runs. */
import type { Place } from './browser';

interface Collection {
  parent: string | null;
  private: boolean;
  archived: boolean;
  order: string | null;
  searchable: boolean;
  versioned: null | { children: string };
}

interface App {
  tenants: null | { noun: string; plural: string };
  collections: Record<string, Collection>;
  assistants: Record<string, { documents: boolean }>;
  questions: Record<string, object>;
  progress: Record<string, object>;
  tasks: Record<string, { result: string | null; text: string | null }>;
  sources: string[];
  lookups: string[];
  schedules: string[];
  has_deprecations: boolean;
}

interface Item {
  id: string;
  tenant: string;
}

export interface Visit {
  name: string;
  path: string;
}

export async function token(at: Place): Promise<string> {
  const response = await fetch(`${at.url}/api/auth/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: at.email, password: at.password }) });
  if (!response.ok) throw new Error(`signing in was answered with ${response.status}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

export async function ask<T>(at: Place, bearer: string, path: string): Promise<T> {
  const response = await fetch(`${at.url}${path}`, { headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' } });
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** What is worth a look in any application. */
export async function pages(at: Place): Promise<Visit[]> {
  const bearer = await token(at);
  const app = await ask<App>(at, bearer, '/api/app');
  const visits: Visit[] = [{ name: 'overview', path: '/' }];
  const first = async (path: string) => (await ask<{ items: Item[] }>(at, bearer, path)).items[0];

  if (app.tenants) {
    visits.push({ name: 'tenants', path: '/tenants' });
    const tenant = await first('/api/tenants?limit=1');
    if (tenant) visits.push({ name: 'tenant', path: `/tenants/${tenant.id}` });
  }
  for (const [name, view] of Object.entries(app.collections)) {
    if (view.parent || view.private) continue;
    visits.push({ name: `list-${name}`, path: `/data/${name}` });
    // What is ordered by a day can be looked at by days.
    if (view.order) for (const way of ['calendar', 'agenda', 'time']) visits.push({ name: `${way}-${name}`, path: `/data/${name}?view=${way}` });
    const record = await first(`/api/collections/${name}?limit=1`);
    if (!record) continue;
    if (!view.versioned) {
      visits.push({ name: `record-${name}`, path: `/records/${record.id}` });
      continue;
    }
    for (const tab of ['items', 'versions', 'compare', 'proposals', 'tasks', 'fields', 'history']) visits.push({ name: `record-${tab}`, path: `/records/${record.id}?tab=${tab}` });
    const item = await first(`/api/collections/${view.versioned.children}?limit=1`);
    const versions = await ask<{ items: { id: string; is_active: boolean }[] }>(at, bearer, `/api/records/${record.id}/versions`);
    const active = versions.items.find((it) => it.is_active);
    const row = active && (await first(`/api/versions/${active.id}/records?limit=1`));
    if (item && row) visits.push({ name: 'item', path: `/records/${record.id}?item=${row.id}` });
    visits.push({ name: 'import', path: `/data/${name}/import${app.tenants ? `?tenant=${record.tenant}` : ''}` });
    visits.push({ name: 'change', path: `/records/${record.id}/change` });
    if (app.tenants) visits.push({ name: 'search', path: `/find?q=valve&tenant=${record.tenant}` });
  }
  if (Object.keys(app.assistants).length > 0) visits.push({ name: 'chat', path: `/chat${app.tenants ? `?tenant=${(await first('/api/tenants?limit=1'))?.id}` : ''}` });
  if (Object.values(app.assistants).some((it) => it.documents)) {
    visits.push({ name: 'documents', path: '/documents' });
    const document = await first('/api/documents?limit=1');
    if (document) visits.push({ name: 'document', path: `/documents/${document.id}` });
  }
  if (Object.keys(app.questions).length > 0) {
    visits.push({ name: 'questions', path: '/questions' }, { name: 'question-performance', path: '/question-performance' });
    const asked = await first('/api/questions/conversations?limit=1');
    if (asked) visits.push({ name: 'conversation', path: `/questions/${asked.id}` });
  }
  if (Object.values(app.tasks).some((it) => it.result && it.text)) {
    visits.push({ name: 'write', path: '/write' }, { name: 'results', path: '/results' });
    const result = await first('/api/results?limit=1');
    if (result) visits.push({ name: 'result', path: `/results/${result.id}` }, { name: 'result-details', path: `/results/${result.id}?tab=details` });
  }
  if (Object.keys(app.progress).length > 0) visits.push({ name: 'progress', path: '/progress' });
  if (app.sources.length > 0) {
    visits.push({ name: 'sources', path: '/sources' }, { name: 'kept', path: '/sources?tab=kept' });
    const run = (await ask<{ items: { job: string }[] }>(at, bearer, `/api/sources/${app.sources[0]}/runs?limit=1`)).items[0];
    visits.push({ name: 'source', path: `/sources/${app.sources[0]}` }, { name: 'aside', path: `/sources/${app.sources[0]}?tab=aside` });
    if (run) visits.push({ name: 'source-run', path: `/sources/${app.sources[0]}?run=${run.job}` });
  }
  if (app.lookups.length > 0) visits.push({ name: 'lookups', path: '/sources?tab=lookups' }, { name: 'lookup', path: `/sources?tab=lookups&lookup=${app.lookups[0]}` });
  if (app.schedules.length > 0) visits.push({ name: 'schedules', path: '/schedules' }, { name: 'schedule', path: `/schedules?schedule=${app.schedules[0]}` });
  if (Object.values(app.collections).some((it) => it.archived)) {
    visits.push({ name: 'archives', path: '/archives' });
    const archive = await first('/api/archives?limit=1');
    if (archive) visits.push({ name: 'archive', path: `/archives?archive=${archive.id}` });
  }
  if (app.has_deprecations) visits.push({ name: 'deprecations', path: '/deprecations' });
  visits.push({ name: 'configuration', path: '/configuration' }, { name: 'help', path: '/help' });
  const document = (await ask<{ documents: { name: string }[] }>(at, bearer, '/api/configuration')).documents[0];
  if (document) for (const tab of ['contents', 'edit', 'history']) visits.push({ name: `configuration-${tab}`, path: `/configuration/${document.name}?tab=${tab}` });
  visits.push({ name: 'jobs', path: '/jobs' });
  const job = await first('/api/jobs?limit=10');
  if (job) visits.push({ name: 'job', path: `/jobs/${job.id}` });
  for (const tab of ['providers', 'playground', 'budgets', 'limits']) visits.push({ name: `models-${tab}`, path: `/models?tab=${tab}` });
  for (const path of ['/audit', '/usage', '/usage?each=month', '/webhooks', '/users', '/keys', '/sessions', '/account', '/prompts', '/logs', '/about', '/find', '/nowhere']) visits.push({ name: path.slice(1).replace(/\W+/g, '-'), path });
  const hook = await first('/api/webhooks?limit=1');
  if (hook) visits.push({ name: 'deliveries', path: `/webhooks/${hook.id}` });
  return visits;
}
