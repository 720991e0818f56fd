// What the mock answers about models: health, tests, prices, limits, the queue, budgets.

import { monthOf } from './gateway.mjs';
import { refuse } from './problem.mjs';

export const modelRoutes = {
  'GET /api/models': ({ gateway }) => ({ configured: true, priorities: gateway.priorities, embedding: null, aliases: gateway.aliases, fallbacks: gateway.fallbacks, providers: gateway.providers(), cache: gateway.cache }),
  'POST /api/models/test': ({ gateway }, { body }) => ({ tests: (body?.model ? [body.model] : gateway.providers().map((it) => it.models[0].model)).map((it) => tested(gateway, it)) }),
  'GET /api/models/prices': ({ gateway }) => gateway.prices,
  'GET /api/models/limits': ({ gateway }) => ({ limits: gateway.limits(Date.now()), request_limit_usd: 0.5 }),
  'GET /api/models/queue': ({ gateway }) => gateway.queue(Date.now()),
  'GET /llm/v1/models': ({ gateway }) => ({ object: 'list', data: namesOf(gateway).map(({ id, owned_by }) => ({ id, object: 'model', created: 0, owned_by })) }),

  'GET /api/budgets': (world, { caller }) => ({ budgets: world.gateway.budgets.flatMap((it) => standings(world, it)).filter((it) => !caller.tenant || (it.scope === 'tenant' && it.id === caller.tenant)) }),
  'PUT /api/budgets/{budget}': (world, { params, body }) => {
    if ((body.limit_usd ?? body.limit_tokens ?? 0) <= 0) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/limit_usd', message: 'must be more than nothing' }] });
    const set = { name: params.budget, scope: body.scope, match: body.match ?? null, period: body.period, limit_usd: body.limit_usd ?? null, limit_tokens: body.limit_tokens ?? null, warn_at: body.warn_at ?? 0.8, at_limit: body.at_limit ?? 'refuse', downgrade_to: body.downgrade_to ?? null };
    const known = world.gateway.budgets.find((it) => it.set.name === params.budget);
    if (known) known.set = { ...set, is_set: true };
    else world.gateway.budgets.push({ set: { ...set, is_set: true }, spent: [[set.match ?? '', 0, 0, 0]] });
    world.note({ action: 'budget_set', subject: `budgets/${params.budget}`, summary: `Set the budget ${params.budget}` });
    return set;
  },
  'DELETE /api/budgets/{budget}': (world, { params }) => {
    const known = world.gateway.budgets.find((it) => it.set.name === params.budget && it.set.is_set) ?? refuse('not_found', 'There is no such budget', { detail: 'Those of the settings are changed there.' });
    world.gateway.budgets = world.gateway.budgets.filter((it) => it !== known);
  },
  'GET /api/budgets/events': ({ gateway }, { query }) => ({ events: gateway.events.slice(0, Number(query.limit ?? 100)) }),
};

/** Every name that can be asked for, and the model it leads to. */
export function namesOf(gateway) {
  const named = [...Object.entries(gateway.priorities), ...gateway.aliases.map((it) => [it.name, it.target])];
  const own = gateway.providers().flatMap((it) => it.models.map(({ model }) => ({ id: model, target: model, owned_by: it.name })));
  return [...named.map(([id, target]) => ({ id, target, owned_by: 'mainstay' })), ...own];
}

function tested(gateway, name) {
  const model = namesOf(gateway).find((it) => it.id === name)?.target ?? name;
  const [provider] = model.split('/');
  const base = { model, provider, latency_ms: 0, ttft_ms: null, tokens_in: 0, tokens_out: 0, cost_usd: null, error: null };
  if (provider === 'groq') return { ...base, ok: false, error: { code: 'provider_left_alone', message: 'The provider failed several times and is left alone for a while.', hint: 'It is tried again within half a minute.' } };
  if (!gateway.providers().some((it) => it.name === provider)) return { ...base, ok: false, error: { code: 'model_not_found', message: `There is no provider ${provider}.`, hint: 'Name one of those in config/llm.yaml.' } };
  return { ...base, ok: true, latency_ms: 640, ttft_ms: 210, tokens_in: 14, tokens_out: 3, cost_usd: provider === 'openai' ? 0.0000039 : null };
}

function standings(world, { set, spent }) {
  const unit = set.limit_usd === null ? 'tokens' : 'usd';
  const limit = set.limit_usd ?? set.limit_tokens;
  const starts_at = set.period === 'month' ? monthOf(world.now()) : `${world.now().slice(0, 10)}T00:00:00.000Z`;
  const next = new Date(starts_at);
  if (set.period === 'month') next.setUTCMonth(next.getUTCMonth() + 1);
  else next.setUTCDate(next.getUTCDate() + 1);
  return spent.map(([id, amount, leased, in_flight]) => ({ ...set, id, unit, limit, spent: amount, leased, in_flight, used_ratio: amount / limit, starts_at, resets_at: next.toISOString() }));
}
