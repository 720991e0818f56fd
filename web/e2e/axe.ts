/** What axe finds on a page, as far as it is serious or critical. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

import type { Look } from './browser';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SOURCE = readFileSync(AXE, 'utf8');
const SHOTS = process.env.MAINSTAY_E2E_SHOTS ? fileURLToPath(new URL('./shots', import.meta.url)) : null;

export async function faultsOf(page: Page, name: string): Promise<string[]> {
  // Through the debugger, because the page's own policy rightly refuses a script that it does not know.
  await page.evaluate(SOURCE);
  const results = await page.evaluate(() => (window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } }).axe.run({ resultTypes: ['violations'] }));
  return results.violations
    .filter((it) => it.impact === 'serious' || it.impact === 'critical')
    .flatMap((it) => it.nodes.slice(0, 3).map((node) => `${name}: ${it.id}: ${node.target.join(' ')} ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`));
}

/** The same of a page in one look, whose picture is kept where pictures are. */
export async function lookedAt(page: Page, name: string, { scheme, width }: Look, of: string): Promise<string[]> {
  if (SHOTS) {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: `${SHOTS}/${of}-${name}-${scheme}-${width}.png` });
  }
  return faultsOf(page, name);
}

/** By how much a page is wider than its window, if it is. */
export async function tooWide(page: Page, name: string): Promise<string[]> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  return overflow > 1 ? [`${name}: ${overflow} px wider than the window`] : [];
}
