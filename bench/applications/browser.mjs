/**
 * Opens pages of a served application in Chromium and says how long each took, in milliseconds, as JSON:
 * `node browser.mjs '{"url": …, "email": …, "password": …, "more": [paths]}'`.
 *
 * A page is there when its heading is and nothing of it is being read any more, and stays so. `opened` is a whole page, fetched anew;
 * `tabs` are clicks on the links of the navigation, the first time and again.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core');
const { url, email, password, more } = JSON.parse(process.argv[2]);
const PATIENCE_MS = 20_000;

/** In the page: resolves with the moment since when it is there. Looked at in every frame. */
const SAMPLER = () => {
  globalThis.benchThere = (path, begun) =>
    new Promise((resolve) => {
      let since = null;
      const look = () => {
        const now = performance.now();
        const heading = document.querySelector('#main h1');
        const isThere = location.pathname === path && heading?.textContent && heading.benchOld !== heading.textContent && !document.querySelector('#main .skeleton, #main [aria-busy="true"]');
        if (!isThere) since = null;
        else since ??= now;
        // What has arrived may ask for more.
        if (since !== null && now - since > 250) resolve(Math.round((since - begun) * 10) / 10);
        else if (now - begun > 15_000) resolve(null);
        else requestAnimationFrame(look);
      };
      look();
    });
};

const known = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = known.find((it) => it && existsSync(it));
if (!executablePath) throw new Error('no Chromium was found: install Debian’s `chromium`, or name one in CHROMIUM');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
await context.addInitScript(SAMPLER);
const page = await context.newPage();
page.setDefaultTimeout(PATIENCE_MS);

await page.goto(`${url}/sign-in`);
await page.locator('input[autocomplete="username"]').fill(email);
await page.locator('input[type="password"]').fill(password);
await page.keyboard.press('Enter');
await page.waitForURL((it) => !it.pathname.startsWith('/sign-in'));
await page.locator('#main h1').waitFor();

// Links of the navigation stay within the application and are no downloads.
const links = await page.evaluate(() => [...new Set([...document.querySelectorAll('nav a[href^="/"]')].map((it) => it.getAttribute('href')))]);
const pathOf = (link) => new URL(link, url).pathname;

const opened = [];
for (const link of [...links, ...more]) {
  await page.goto(`${url}${link}`, { waitUntil: 'commit' });
  // The clock of a page begins with its navigation.
  opened.push({ path: pathOf(link), ms: await page.evaluate((path) => globalThis.benchThere(path, 0), pathOf(link)) });
}

const tabs = [];
await page.goto(`${url}/`);
await page.evaluate(() => globalThis.benchThere('/', 0));
for (const turn of ['first', 'again']) {
  for (const link of links) {
    if (pathOf(link) === pathOf(page.url())) continue;
    const ms = await page.evaluate(
      ({ href, path }) => {
        const anchor = [...document.querySelectorAll('nav a')].find((it) => it.getAttribute('href') === href);
        if (!anchor) return null;
        const heading = document.querySelector('#main h1');
        // Pages of one kind keep the element, and change its text.
        if (heading) heading.benchOld = heading.textContent;
        const begun = performance.now();
        anchor.click();
        return globalThis.benchThere(path, begun);
      },
      { href: link, path: pathOf(link) },
    );
    tabs.push({ path: pathOf(link), turn, ms });
  }
}
await browser.close();
console.log(JSON.stringify({ opened, tabs }));
