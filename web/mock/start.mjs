// `npm run mock` serves the API and the built interface; `npm run dev:mock` the API with Vite before it.
// MOCK_APP chooses the application (catalogue, letters, trails, answers), MOCK_PORT the port.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { serve } from './server.mjs';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const name = process.env.MOCK_APP ?? 'catalogue';
const application = await import(`./apps/${name}.mjs`);
const mock = await serve({ application, port: Number(process.env.MOCK_PORT ?? 8090), dist: path.join(web, 'dist') });
process.stdout.write(`mock of ${name}: ${mock.url}\nsign in as admin@example.com, editor@example.com or viewer@example.com with “correct horse battery”\n`);

if (process.argv.includes('--with-vite')) {
  const vite = spawn(process.execPath, [path.join(web, 'node_modules/vite/bin/vite.js')], { cwd: web, stdio: 'inherit', env: { ...process.env, MAINSTAY_WEB_API: mock.url } });
  vite.on('exit', (code) => process.exit(code ?? 0));
}
