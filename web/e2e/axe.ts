/** What axe finds on a page, as far as it is serious or critical. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SOURCE = readFileSync(AXE, 'utf8');

export async function faultsOf(page: Page, name: string): Promise<string[]> {
  // Through the debugger, because the page's own policy rightly refuses a script that it does not know.
  await page.evaluate(SOURCE);
  const results = await page.evaluate(() => (window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } }).axe.run({ resultTypes: ['violations'] }));
  return results.violations
    .filter((it) => it.impact === 'serious' || it.impact === 'critical')
    .flatMap((it) => it.nodes.slice(0, 3).map((node) => `${name}: ${it.id}: ${node.target.join(' ')} ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`));
}
