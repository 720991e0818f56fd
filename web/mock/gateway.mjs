// What the mock knows of models: providers in each state, budgets before, at and beyond their limits, a queue that moves.

const HOUR = 3_600_000;

export function gatewayOf(world) {
  const provider = (name, kind, base_url, fields) => ({ name, kind, base_url, has_key: true, state: 'ok', at: world.now(40_000), since: null, why: null, breaker: 'closed', retry_at: null, failures: 0, in_flight: 0, concurrency: 16, models: [], ...fields });
  const model = (name, fields) => ({ model: name, breaker: 'closed', retry_at: null, failures: 0, ...fields });
  return {
    // Standing still for pictures; `retry_at` is told anew at each answer.
    providers: () => [
      provider('openai', 'openai', 'https://api.openai.com/v1', { in_flight: 3, models: [model('openai/gpt-4o'), model('openai/gpt-4o-mini')] }),
      provider('groq', 'groq', 'https://api.groq.com/openai/v1', { state: 'failing', at: world.now(26 * 60_000), since: world.now(9 * 60_000), why: 'It answered 503 “Service Unavailable”: all replicas of the model are busy.', breaker: 'open', retry_at: world.now(-21_000), failures: 5, concurrency: 8, models: [model('groq/llama-3.3-70b-versatile', { breaker: 'open', retry_at: world.now(-21_000), failures: 5 })] }),
      provider('huggingface', 'huggingface', 'https://router.huggingface.co/v1', { at: world.now(2 * HOUR), failures: 2, breaker: 'half_open', in_flight: 1, concurrency: 4, models: [model('huggingface/meta-llama/Llama-3.1-8B-Instruct', { breaker: 'half_open', failures: 2 })] }),
      provider('ollama', 'ollama', 'http://127.0.0.1:11434', { has_key: false, state: 'never_used', at: null, concurrency: 2, models: [model('ollama/qwen2.5:7b')] }),
    ],
    priorities: { speed: 'groq/llama-3.3-70b-versatile', balanced: 'openai/gpt-4o-mini', accuracy: 'openai/gpt-4o' },
    aliases: [
      { name: 'house', target: 'openai/gpt-4o-mini' },
      { name: 'local', target: 'ollama/qwen2.5:7b' },
    ],
    fallbacks: [
      { name: 'groq/llama-3.3-70b-versatile', targets: ['openai/gpt-4o-mini', 'ollama/qwen2.5:7b'] },
      { name: 'openai/gpt-4o', targets: ['openai/gpt-4o-mini'] },
    ],
    cache: { is_on: true, ttl_s: 600, entries: 212, bytes: 1_830_411, bytes_max: 67_108_864, hits: 1_204, misses: 8_377 },
    prices: {
      version: '3f9c1a7e',
      prices: [
        price('openai/gpt-4o', 2.5, 10, { cached_per_million_usd: 1.25, batch_percent: 50, tiers: [{ above_tokens: 128_000, input_per_million_usd: 5, output_per_million_usd: 15, cached_per_million_usd: null, cache_written_per_million_usd: null, reasoning_per_million_usd: null }] }),
        price('openai/gpt-4o-mini', 0.15, 0.6, { cached_per_million_usd: 0.075, batch_percent: 50 }),
        price('groq/*', 0.59, 0.79, { since: '2026-03-01' }),
      ],
    },
    limits: (now) => {
      const use = (id, requests, tokens, in_flight) => ({ id, requests, tokens, in_flight });
      const beat = Math.round(4 + 4 * Math.sin(now / 9_000));
      return [
        { per: 'provider', match: 'openai', requests_per_minute: 500, tokens_per_minute: 200_000, concurrency: 16, used: [use('openai', 388 + beat, 171_204 + beat * 900, 8 + beat)] },
        { per: 'model', match: null, requests_per_minute: null, tokens_per_minute: 150_000, concurrency: null, used: [use('openai/gpt-4o-mini', null, 120_410, 6), use('openai/gpt-4o', null, 48_700, 2)] },
        { per: 'tenant', match: null, requests_per_minute: 120, tokens_per_minute: null, concurrency: 4, used: world.tenants.slice(0, 3).map((it, index) => use(it.id, 118 - index * 40, null, 4 - index)) },
        { per: 'key', match: null, requests_per_minute: 60, tokens_per_minute: null, concurrency: null, used: [] },
      ];
    },
    queue: (now) => {
      const wave = Math.sin(now / 7_000);
      const tenant = (index) => world.tenants[index]?.id ?? '00000000-0000-0000-0000-000000000000';
      const waiting = [
        { tenant: tenant(0), priority: 'normal', count: Math.round(6 + 5 * wave), longest_ms: Math.round(1_900 + 900 * wave) },
        { tenant: tenant(1), priority: 'high', count: 1, longest_ms: 140 },
        { tenant: tenant(1), priority: 'low', count: Math.round(9 + 3 * wave), longest_ms: Math.round(4_200 + 1_000 * wave) },
      ].filter((it, index) => world.tenants.length > 0 || index === 0);
      return { depth: waiting.reduce((all, it) => all + it.count, 0), depth_max: 64, wait_max_s: 30, waiting };
    },
    budgets: [
      budget('house', { period: 'month', limit_usd: 50, is_set: false }, [['', 31.4, 1.1, 0.24]]),
      budget('each customer', { scope: 'tenant', period: 'month', limit_usd: 10, at_limit: 'downgrade', downgrade_to: 'openai/gpt-4o-mini', is_set: true }, world.tenants.slice(0, 3).map((it, index) => [it.id, [10.12, 8.6, 1.93][index], [0, 0.4, 0.5][index], [0, 0.02, 0][index]])),
      budget('tokens of keys', { scope: 'key', period: 'day', limit_tokens: 2_000_000, warn_at: 0.9, is_set: true }, [
        ['key_1', 412_300, 60_000, 5_100],
        ['key_2', 12_004, 0, 0],
      ]),
    ],
    events: [
      { budget: 'each customer', id: world.tenants[0]?.id ?? '', kind: 'reached', starts_at: monthOf(world.now()), at: world.now(5 * HOUR), unit: 'usd', spent: 9.98, limit: 10 },
      { budget: 'each customer', id: world.tenants[1]?.id ?? '', kind: 'warned', starts_at: monthOf(world.now()), at: world.now(22 * HOUR), unit: 'usd', spent: 8.01, limit: 10 },
      { budget: 'each customer', id: world.tenants[0]?.id ?? '', kind: 'warned', starts_at: monthOf(world.now()), at: world.now(49 * HOUR), unit: 'usd', spent: 8.2, limit: 10 },
    ],
  };
}

/** A budget, and what was spent of it: `[id, spent, leased, in flight]`. */
function budget(name, fields, spent) {
  return { set: { name, scope: 'whole', match: null, limit_usd: null, limit_tokens: null, warn_at: 0.8, at_limit: 'refuse', downgrade_to: null, ...fields }, spent };
}

function price(model, input_per_million_usd, output_per_million_usd, fields) {
  return { model, input_per_million_usd, output_per_million_usd, cached_per_million_usd: null, cache_written_per_million_usd: null, reasoning_per_million_usd: null, per_request_usd: 0, batch_percent: null, tiers: [], since: null, ...fields };
}

export function monthOf(at) {
  return `${at.slice(0, 7)}-01T00:00:00.000Z`;
}
