// `npm run api` makes src/api/schema.ts from openapi.json, which `make openapi` takes from the server.
// With --check it writes nothing and fails when the two do not belong together.

import { readFile, writeFile } from 'node:fs/promises';

import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const DOCUMENT = new URL('../openapi.json', import.meta.url);
const TYPES = new URL('../src/api/schema.ts', import.meta.url);

const HEAD = '/** Made by `npm run api` from openapi.json, which is what the server says of itself. Changed by neither hand. */\n\n';

/** TypeScript follows a type into itself only through a name of its own. */
const JSON_TYPE = 'export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };';

const text = HEAD + astToString(await openapiTS(DOCUMENT, { silent: true, inject: JSON_TYPE, transform }));

if (process.argv.includes('--check')) {
  const kept = await readFile(TYPES, 'utf8').catch(() => '');
  if (kept !== text) {
    process.stderr.write('src/api/schema.ts is not what openapi.json says; `npm run api` writes it\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(TYPES, text);
}

function transform(schema, { path }) {
  if (path === '#/components/schemas/Json') return ts.factory.createTypeReferenceNode('Json');
  if (schema.format === 'binary') return ts.factory.createTypeReferenceNode('Blob');
  return undefined;
}
