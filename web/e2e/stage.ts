/** Where walks on the mock take place: a browser, and for each walk a server and a page of its own. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { lookedAt, tooWide } from './axe';
import { type Application, browser, context, type Look, LOOKS, place, type Place, signIn, WIDE } from './browser';

export interface Stage {
  at: Place;
  chromium: Browser;
  page: Page;
}

/** Each walk begins before the door. */
export function atTheDoor(application: Application, take: (stage: Stage) => unknown): void {
  let chromium: Browser;
  let at: Place;
  let session: BrowserContext;
  beforeAll(async () => {
    chromium = await browser();
  });
  afterAll(() => chromium.close());
  beforeEach(async () => {
    at = await place(application);
    session = await context(chromium, WIDE);
    await take({ at, chromium, page: await pageOf(session) });
  });
  afterEach(async () => {
    await session.close();
    await at.close();
  });
}

/** Each walk begins signed in. */
export function inside(application: Application, take: (stage: Stage) => unknown): void {
  atTheDoor(application, (stage) => {
    take(stage);
    return signIn(stage.page, stage.at);
  });
}

interface Looking {
  page: Page;
  look: Look;
  /** Looks at the page as it stands now. */
  see: (name: string) => Promise<void>;
}

/** The same walk in each look: axe finds nothing serious, and nothing is wider than the window. */
export function inEachLook(of: string, chromium: () => Browser, walk: (looking: Looking) => Promise<void>): void {
  for (const look of LOOKS) {
    it(`${look.scheme}, ${look.width} wide: axe finds nothing serious`, async () => {
      const session = await context(chromium(), look);
      const page = await pageOf(session);
      const findings: string[] = [];
      const see = async (name: string) => {
        await page.waitForTimeout(200);
        findings.push(...(await lookedAt(page, name, look, of)), ...(await tooWide(page, name)));
      };
      await walk({ page, look, see });
      await session.close();
      expect(findings).toEqual([]);
    });
  }
}

async function pageOf(session: BrowserContext): Promise<Page> {
  const page = await session.newPage();
  page.setDefaultTimeout(12_000);
  return page;
}
