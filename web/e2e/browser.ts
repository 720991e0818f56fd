/**
 * A browser, and a server for it to look at: the mock, or a real one named by
 * MAINSTAY_E2E_URL with MAINSTAY_E2E_EMAIL and MAINSTAY_E2E_PASSWORD.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** The invented ones that the mock can run. */
export type Application = 'catalogue' | 'letters' | 'trails' | 'answers';

export interface Place {
  url: string;
  email: string;
  password: string;
  /** The mock can be written to freely; a real server is only read. */
  isMock: boolean;
  close: () => Promise<void>;
}

export async function place(application: Application = 'catalogue'): Promise<Place> {
  const { MAINSTAY_E2E_URL: url, MAINSTAY_E2E_EMAIL: email, MAINSTAY_E2E_PASSWORD: password } = process.env;
  if (url) return { url, email: email ?? '', password: password ?? '', isMock: false, close: () => Promise.resolve() };

  const dist = fileURLToPath(new URL('../dist', import.meta.url));
  if (!existsSync(dist)) throw new Error('the interface is not built: run `npm run build` first');
  const { serve } = (await import('../mock/server.mjs' as string)) as { serve: (options: object) => Promise<{ url: string; close: () => Promise<void> }> };
  const seeds: unknown = await import(`../mock/apps/${application}.mjs`);
  const mock = await serve({ application: seeds, dist, delay: 5 });
  return { url: mock.url, email: 'admin@example.com', password: 'correct horse battery', isMock: true, close: mock.close };
}

export function browser(): Promise<Browser> {
  const known = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const executablePath = known.find((it) => it && existsSync(it));
  if (!executablePath) throw new Error('no Chromium was found: install Debian’s `chromium`, or name one in CHROMIUM');
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

export interface Look {
  scheme: 'light' | 'dark';
  width: number;
  height: number;
}

export const WIDE: Look = { scheme: 'light', width: 1440, height: 900 };

export const LOOKS: Look[] = [
  WIDE,
  { scheme: 'dark', width: 1440, height: 900 },
  { scheme: 'light', width: 390, height: 844 },
  { scheme: 'dark', width: 390, height: 844 },
];

export function context(from: Browser, { scheme, width, height }: Look): Promise<BrowserContext> {
  return from.newContext({ colorScheme: scheme, viewport: { width, height }, reducedMotion: 'reduce', acceptDownloads: true });
}

export async function signIn(page: Page, at: Place): Promise<void> {
  await page.goto(`${at.url}/sign-in`);
  await page.getByLabel('E-mail').fill(at.email);
  await page.getByLabel('Password').fill(at.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'), { timeout: 10_000 });
  // The address changes before the page does.
  await page.locator('#main h1').waitFor();
}

/** What the browser keeps of the session, for another one to go on with: a real server lets an account sign in five times a minute. */
export function sessionOf(page: Page): Promise<string> {
  return page.evaluate(() => localStorage.getItem('mainstay.session') ?? '');
}

export async function resume(page: Page, session: string): Promise<void> {
  await page.evaluate((kept) => localStorage.setItem('mainstay.session', kept), session);
}

/** Waits until nothing is being read any more. A stream of events stays open, so the network is never idle. */
export async function settled(page: Page): Promise<void> {
  const quiet = () => page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.skeleton, [aria-busy="true"]'), undefined, { timeout: 15_000 });
  await quiet();
  // What has arrived may ask for more.
  await page.waitForTimeout(80);
  await quiet();
}
