// @vitest-environment node
import { describe, expect, it } from 'vitest';

import * as catalogue from './apps/catalogue.mjs';
import * as letters from './apps/letters.mjs';
import * as trails from './apps/trails.mjs';
import { routes } from './routes.mjs';
import { serve } from './server.mjs';

/** What each change is asked with; a route that is not here takes an empty body. */
const BODIES = {
  'PATCH /api/me': { name: 'Ada' },
  'PUT /api/me/password': { current_password: 'correct horse battery', password: 'another one' },
  'PUT /api/assistants/prompt': { system_prompt: 'Be short.' },
  'PATCH /api/chats/{chat}': { title: 'Valves' },
  'POST /api/tenants': { name: 'Dune' },
  'PATCH /api/tenants/{tenant}': { name: 'Dune Supply' },
  'POST /api/records/{record}/revert': { number: 1, reason: 'A test.' },
  'POST /api/tasks/{task}': { input: { text: 'Sizes first' } },
  'POST /api/search': { collection: 'events', query: 'ride' },
  'POST /api/documents': { content: 'Each week.', tags: ['a'] },
  'PATCH /api/documents/{document}': { tags: ['b'] },
  'POST /api/documents/page': { url: 'https://x.example/page' },
  'POST /api/documents/site': { url: 'https://x.example' },
  'POST /api/documents/search': { query: 'valve' },
  'POST /api/users': { email: 'x@example.com', name: 'X', role: 'viewer', password: 'a long enough one' },
  'POST /api/users/{user}/erase': { dry_run: true },
  'POST /api/keys': { name: 'Till', scopes: ['read'] },
  'POST /api/models/test': {},
  'PUT /api/budgets/{budget}': { scope: 'whole', period: 'month', limit_usd: 5 },
  'POST /api/archives': { collection: 'calls', tenant: '00000000-0000-0000-0000-000000000000' },
  'POST /api/questions/ask': { question: 'What do people call about?' },
  'POST /api/questions/followups': { questions: ['How many?'] },
  'POST /api/questions/comment': { record: 'Invoice 1', question: 'volume/1', response: 'Many.' },
  'POST /api/results': { text: 'We ask for two people. It pays.' },
  'PUT /api/debug': { enabled: true },
  'POST /api/feedback': { subject: 'x', verdict: 'up' },
  'POST /api/webhooks': { url: 'https://x.example', events: ['job.completed'] },
};

for (const application of [catalogue, letters, trails]) {
  describe(`the mock of ${application.app.app}`, () => {
    // Two hundred answers, each held against its schema: a busy machine takes a while.
    it('answers as the server does, wherever it answers', { timeout: 60_000 }, async () => {
      const { url, world, close } = await serve({ application, delay: 0 });
      const ask = async (method, path, body, token) => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
        const response = await fetch(url + path, { method, headers, ...(method === 'GET' || method === 'DELETE' ? {} : { body: JSON.stringify(body) }) });
        const text = await response.text();
        return { status: response.status, text };
      };
      const door = await ask('POST', '/api/auth/login', { email: 'admin@example.com', password: 'correct horse battery' });
      // Without a token everything is refused, and nothing is looked at.
      expect(door).toMatchObject({ status: 200 });
      const token = JSON.parse(door.text).access_token;

      const parents = world.list(Object.keys(world.app.collections)[0]);
      const versions = world.versions.filter((it) => it.record === parents[0].id);
      const named = { tenant: world.tenants[0]?.id, collection: parents[0].collection, record: parents[0].id, version: versions[0]?.id, other: versions[1]?.id, proposal: world.proposals[0]?.id, job: world.jobs[0]?.id, task: Object.keys(world.app.tasks).at(-1), webhook: world.webhooks[0]?.id, delivery: world.deliveries[0]?.id, user: 'usr_2', key: 'key_1', document: world.documents[0]?.view.id, chat: world.talks.chats[0]?.view.id, budget: 'tokens of keys', session: 'none', source: world.app.sources[0], lookup: world.app.lookups[0], schedule: world.app.schedules[0], archive: world.rounds.archives[0]?.id, config: 'rubric', conversation: world.asked.conversations[0]?.view.id, result: world.asked.results[0]?.id, report: 'grading' };
      const broken = [];
      for (const route of Object.keys(routes).sort((a, b) => Number(a.startsWith('DELETE')) - Number(b.startsWith('DELETE')))) {
        const [method, template] = route.split(' ');
        const body = { ...BODIES[route], ...(route === 'POST /api/tasks/{task}' ? { record: named.record } : {}), ...(route === 'POST /api/chats' ? { record: world.list(Object.values(application.seeds.on ?? {})[0])[0]?.id } : {}), ...(route.endsWith('/decide') ? { ids: world.proposals.slice(5, 7).map((it) => it.id), action: 'accept' } : {}) };
        const answer = await ask(method, template.replace(/\{(\w+)\}/g, (_, name) => named[name] ?? 'none'), body, token);
        if (answer.status >= 500) broken.push(`${route}: ${answer.text}`);
      }
      await close();
      expect(broken).toEqual([]);
    });
  });
}
