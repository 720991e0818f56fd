// Holds what the mock answers against openapi.json: it says nothing that the server does not say.

import { readFile } from 'node:fs/promises';

import Ajv from 'ajv/dist/2020.js';

/** Things that say less than they hold: a JSON Schema, and what a model wrote. */
const OPEN = ['Schema', 'SuggestedChange', 'Result'];

const document = JSON.parse((await readFile(new URL('../openapi.json', import.meta.url), 'utf8')).replaceAll('"#/components', '"api#/components'));
close(document);
for (const name of OPEN) delete document.components.schemas[name].additionalProperties;
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(document, 'api');
const checks = new Map();

/** The status of an answer to `METHOD /path/{name}`. Throws when none of those described fits it. */
export function statusOf(route, answer) {
  const [method, path] = route.split(' ');
  const responses = document.paths[path]?.[method.toLowerCase()]?.responses;
  if (!responses) throw new Error(`the server does not answer at ${route}`);
  const faults = [];
  for (const [status, response] of Object.entries(responses).filter(([it]) => /^2/.test(it))) {
    const media = Object.keys(response.content ?? {})[0];
    if (!media && answer === undefined) return Number(status);
    if (media && media !== 'application/json') return Number(status);
    const found = media ? faultsOf(['paths', path, method.toLowerCase(), 'responses', status, 'content', media, 'schema'], answer) : ['it has no body'];
    if (found.length === 0) return Number(status);
    faults.push(...found.map((it) => `${status}${it}`));
  }
  throw new Error(`${route} is not answered as the server does:\n${faults.slice(0, 8).join('\n')}`);
}

/** A refusal as the server writes it, or a thrown account of what is wrong with it. */
export function asProblem(body) {
  const faults = faultsOf(['components', 'schemas', 'Problem'], body);
  if (faults.length > 0) throw new Error(`a refusal is not written as the server does:\n${faults.join('\n')}`);
  return body;
}

/** A refusal as the gateway writes it, in the words of OpenAI. */
export function asRefusal(body) {
  const faults = faultsOf(['components', 'schemas', 'OpenaiError'], body);
  if (faults.length > 0) throw new Error(`a refusal is not written as the gateway does:\n${faults.join('\n')}`);
  return body;
}

/** A thing as the server tells it, or a thrown account of what is wrong with it. */
export function asThing(name, body) {
  const faults = faultsOf(['components', 'schemas', name], body);
  if (faults.length > 0) throw new Error(`this is no ${name} of the server:\n${faults.join('\n')}`);
  return body;
}

function faultsOf(steps, value) {
  const pointer = steps.map((it) => `/${encodeURIComponent(it.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');
  if (!checks.has(pointer)) checks.set(pointer, ajv.compile({ $ref: `api#${pointer}` }));
  const check = checks.get(pointer);
  // Through JSON, as it will travel: what is undefined is left out there.
  return check(JSON.parse(JSON.stringify(value ?? null))) ? [] : check.errors.map((it) => `${it.instancePath} ${it.message} ${JSON.stringify(it.params)}`);
}

/** Nothing may be in an object that its schema does not name. */
function close(value) {
  if (typeof value !== 'object' || value === null) return;
  Object.values(value).forEach(close);
  if (value.type === 'object' && typeof value.properties === 'object' && value.additionalProperties === undefined) value.additionalProperties = false;
}
