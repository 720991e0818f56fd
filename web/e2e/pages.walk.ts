/** Every page, light and dark, wide and narrow: axe finds nothing serious, nothing is wider than the window. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { faultsOf, lookedAt, tooWide } from './axe';
import { browser, context, LOOKS, place, type Place, resume, sessionOf, settled, signIn } from './browser';
import { pages, type Visit } from './pages';

const only = process.env.MAINSTAY_E2E_ONLY?.split(',');

for (const application of ['catalogue', 'letters', 'trails'] as const) {
  describe.skipIf(process.env.MAINSTAY_E2E_URL && application !== 'catalogue')(`the pages of ${application}`, () => {
    let at: Place;
    let chromium: Browser;
    let visits: Visit[];
    let kept: string | null = null;

    beforeAll(async () => {
      at = await place(application);
      chromium = await browser();
      visits = (await pages(at)).filter((visit) => !only || only.includes(visit.name));
    });
    afterAll(async () => {
      await chromium.close();
      await at.close();
    });

    for (const look of LOOKS) {
      it(`${look.scheme}, ${look.width} wide: axe finds nothing serious on any page`, async () => {
        const session = await context(chromium, look);
        const page = await session.newPage();
        const broken: string[] = [];
        page.on('pageerror', (error) => broken.push(error.message));

        await page.goto(`${at.url}/sign-in`);
        const findings = await faultsOf(page, 'sign-in');
        if (kept) await resume(page, kept);
        else await signIn(page, at);
        for (const visit of visits) {
          await page.goto(`${at.url}${visit.path}`);
          await settled(page);
          findings.push(...(await lookedAt(page, visit.name, look, application)), ...(await tooWide(page, visit.name)));
        }
        kept = await sessionOf(page);
        await session.close();
        expect(findings).toEqual([]);
        expect(broken).toEqual([]);
      });
    }
  });
}
