// A model that answers in pieces, as OpenAI's chat completions do. How it goes depends on who is asked:
// openai answers, groq is left alone, huggingface fails in the middle, ollama breaks off.

import { randomUUID } from 'node:crypto';

import { asRefusal } from './contract.mjs';
import { namesOf } from './models.mjs';

const PIECE_MS = 12;
const PRICES = { 'openai/gpt-4o': [2.5, 10], 'openai/gpt-4o-mini': [0.15, 0.6] };

export async function chat(world, response, { body, caller, headers }) {
  const request_id = `req_${randomUUID().slice(0, 12)}`;
  const refuse = (status, code, message, more = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': request_id });
    response.end(JSON.stringify(asRefusal(envelope(code, message, { request_id, ...more }))));
  };
  if (!body?.model || !Array.isArray(body.messages)) return refuse(400, 'missing_required_parameter', '`model` and `messages` are required');
  const model = namesOf(world.gateway).find((it) => it.id === body.model)?.target ?? body.model;
  const provider = world.gateway.providers().find((it) => model.startsWith(`${it.name}/`));
  if (!provider) return refuse(404, 'model_not_found', `There is no such model; GET /llm/v1/models lists those there are. Way out: name it as provider/model, or ask for a priority.`);
  const isFallback = body.model === 'speed';
  if (provider.name === 'groq' && !isFallback) return refuse(503, 'provider_left_alone', 'The provider failed several times and is left alone for a while.', { provider: 'groq', retry_after_ms: 21_000 });

  const served = isFallback ? 'openai/gpt-4o-mini' : model;
  const question = body.messages.at(-1).content;
  const words = answerTo(question, body.messages).match(/\S+\s*/g);
  const most = body.max_tokens ?? Infinity;
  const asked = `use_${randomUUID()}`;
  const [by, ...rest] = served.split('/');
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-request-id': request_id, 'x-mainstay-provider': by, 'x-mainstay-model': rest.join('/'), 'x-mainstay-fallback': String(isFallback), 'x-mainstay-cache': 'miss', 'x-mainstay-queue-wait-ms': isFallback ? '140' : '0', 'x-mainstay-attempts': isFallback ? '2' : '1', 'x-mainstay-usage-id': asked });
  response.write(': hello\n\n');

  const send = (value) => response.write(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`);
  const chunk = (delta, finish_reason = null) => ({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: served, choices: [{ index: 0, delta, finish_reason }] });
  const tokens_in = 8 + body.messages.reduce((all, it) => all + Math.ceil(it.content.length / 4), 0);
  let tokens_out = 0;
  const row = (more) => world.usage.unshift({ id: `use_${randomUUID()}`, asked, tenant: headers['x-mainstay-tenant'] ?? caller.tenant ?? '00000000-0000-0000-0000-000000000000', job: null, caller: caller.id, key: null, operation: headers['x-mainstay-operation'] ?? 'chat', operation_type: 'chat', task: null, tokens_cached: 0, from_cache: false, at: world.now(), ...more });
  const note = (outcome) => {
    const [input, output] = PRICES[served] ?? [];
    const cost_usd = input === undefined ? null : (tokens_in * input + tokens_out * output) / 1e6;
    row({ provider: by, model: rest.join('/'), tokens_in, tokens_out, tokens_total: tokens_in + tokens_out, estimated: outcome !== 'ok', cost_usd, prices: cost_usd === null ? null : world.gateway.prices.version, latency_ms: 900, ttft_ms: 120, outcome, status: 200 });
  };
  if (isFallback) row({ provider: 'groq', model: model.slice('groq/'.length), tokens_in: 0, tokens_out: 0, tokens_total: 0, estimated: false, cost_usd: 0, prices: null, latency_ms: 40, ttft_ms: null, outcome: 'refused', status: 429 });

  await pause(120);
  send(chunk({ role: 'assistant', content: '' }));
  for (const word of words) {
    if (response.destroyed) return note('abandoned');
    if (tokens_out >= most) break;
    tokens_out += 1;
    send(chunk({ content: word }));
    await pause(PIECE_MS);
    if (tokens_out === 12 && by === 'ollama') {
      note('hung_up');
      return response.end();
    }
    if (tokens_out === 12 && by === 'huggingface') {
      note('unreadable');
      send(asRefusal(envelope('provider_failed', 'The provider failed: its answer cannot be read.', { request_id, provider: by })));
      return response.end('data: [DONE]\n\n');
    }
  }
  send(chunk({}, tokens_out >= most ? 'length' : 'stop'));
  if (body.stream_options?.include_usage) send({ ...chunk({}), choices: [], usage: { prompt_tokens: tokens_in, completion_tokens: tokens_out, total_tokens: tokens_in + tokens_out, prompt_tokens_details: { cached_tokens: body.messages.length > 2 ? 64 : 0 } } });
  response.end('data: [DONE]\n\n');
  // The ledger is a moment behind.
  await pause(250);
  note('ok');
}

export function envelope(code, message, gateway) {
  return { error: { message, type: 'server_error', param: null, code }, gateway };
}

function answerTo(question, messages) {
  const before = messages.filter((it) => it.role === 'user').length - 1;
  const system = messages.find((it) => it.role === 'system');
  return `You asked: “${question}” ${before > 0 ? `Before that you asked ${before === 1 ? 'once' : `${before} times`}. ` : ''}${system ? 'I keep to what the system prompt says. ' : ''}A ball valve is a quarter-turn valve: a ball with a hole through it turns between two seats, and the flow is open when the hole lies along the pipe.\n\nThree things to look at when one is chosen:\n  1. the bore, full or reduced;\n  2. the seats, for the temperature and what flows;\n  3. the ends, threaded, flanged or press.`;
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
