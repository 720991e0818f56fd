// What a browser has to load, gzipped: for the first page, and in all.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const assets = new URL('../dist/assets/', import.meta.url).pathname;
const sizes = new Map(readdirSync(assets).map((name) => [name, gzipSync(readFileSync(path.join(assets, name)), { level: 9 }).length]));
const index = readFileSync(new URL('../dist/index.html', import.meta.url), 'utf8');
const first = new Set([...index.matchAll(/assets\/([^"]+)"/g)].map((it) => it[1]));
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} kB`.padStart(10);
const sum = (names) => [...names].reduce((all, it) => all + (sizes.get(it) ?? 0), 0);

for (const [name, size] of [...sizes].sort((a, b) => b[1] - a[1]).slice(0, 12)) process.stdout.write(`${kb(size)}  ${name}\n`);
process.stdout.write(`${kb(sum(first))}  before anything is shown (${first.size} files)\n${kb(sum(sizes.keys()))}  all of it (${sizes.size} files)\n`);
