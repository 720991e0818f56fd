/** What a person does with documents: puts them in, watches them, finds a passage, changes and removes them. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { type Place, settled, signIn } from './browser';
import { inside } from './stage';

const TEXT = (name: string, content = 'What is kept in stock is counted each Friday.') => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });

describe.skipIf(process.env.MAINSTAY_E2E_URL)('a person with documents', () => {
  let at: Place;
  let page: Page;
  inside('catalogue', (stage) => ({ at, page } = stage));

  const open = async (path = '') => {
    await page.goto(`${at.url}/documents${path}${path.includes('?') ? '&' : '?'}tenant=ten_nordwind`);
    await settled(page);
  };
  const uploads = () => page.getByRole('region', { name: 'Uploads' }).getByRole('listitem');

  it('puts several files in with what is said of them, and sees each become ready, fail with its reason, or be refused', async () => {
    await page.getByRole('link', { name: 'Documents' }).click();
    await page.getByText('Choose a customer to put files in.').waitFor();
    await open();
    await page.getByText(/^For these files/).click();
    await page.getByLabel('Tags', { exact: true }).fill('counting, stock');
    await page.getByRole('checkbox', { name: /^Shared/ }).check();
    await page.getByLabel('Files', { exact: true }).setInputFiles([TEXT('counting.txt'), TEXT('old-scan.pdf'), TEXT('holiday.png')]);

    await uploads().filter({ hasText: 'counting' }).getByText('Ready').waitFor();
    await uploads().filter({ hasText: 'counting' }).getByText('Text of 45 characters, without pages.').waitFor();
    await uploads().filter({ hasText: 'old-scan' }).getByText(/pictures without text/).waitFor();
    expect(await uploads().filter({ hasText: 'old-scan' }).getByRole('button', { name: /^Go on/ }).count()).toBe(0);
    await uploads().filter({ hasText: 'holiday.png' }).getByText(/taken are: pdf, docx/).waitFor();
    await page.getByRole('button', { name: 'Clear what is there' }).click();
    expect(await uploads().count()).toBe(1);
    await page.getByRole('button', { name: 'Dismiss holiday.png' }).click();

    const row = page.getByRole('row', { name: /^counting/ });
    await row.getByText('counting, stock').waitFor();
    await row.getByText('Shared').waitFor();
    await page.getByLabel('Tag', { exact: true }).selectOption('counting');
    await page.getByText('2 documents', { exact: true }).waitFor();
    await page.getByLabel('State', { exact: true }).selectOption('failed');
    await page.getByText('1 document', { exact: true }).waitFor();
    await page.waitForURL(/state=failed/);
  });

  it('is told what is taken, and of a file that is too large before it goes out', async () => {
    await open();
    await page.getByText('PDF, Word, Excel, HTML, Markdown, text, JSON, CSV; up to 5 MB each').waitFor();
    await page.getByLabel('Files', { exact: true }).setInputFiles([TEXT('large.txt', 'x'.repeat(6 * 1024 * 1024)), TEXT('nothing.txt', '')]);
    await uploads().filter({ hasText: 'large.txt' }).getByText('The file has 6 MB; at most 5 MB are taken.').waitFor();
    await uploads().filter({ hasText: 'nothing.txt' }).getByText('The file is empty.').waitFor();
    await page.getByRole('button', { name: 'Send large.txt again' }).click();
    await uploads().filter({ hasText: 'large.txt' }).getByText(/at most 5242880 are taken/).waitFor();
  });

  it('sees how much of a file has gone out, and stops it', async () => {
    await open();
    const wire = await page.context().newCDPSession(page);
    await wire.send('Network.enable');
    await wire.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 300_000 });
    await page.getByLabel('Files', { exact: true }).setInputFiles([TEXT('long.txt', 'x'.repeat(1_800_000))]);
    const bar = page.getByRole('progressbar', { name: 'Sending long.txt' });
    await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow')), { timeout: 8_000, interval: 60 }).toBeGreaterThan(5);
    expect(Number(await bar.getAttribute('aria-valuenow'))).toBeLessThan(100);
    await page.getByRole('button', { name: 'Stop long.txt' }).click();
    await uploads().first().waitFor({ state: 'detached' });
    await wire.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    await page.reload();
    await settled(page);
    expect(await page.getByRole('row').filter({ hasText: 'long' }).count()).toBe(0);
  });

  it('sends a file again after the connection was lost', async () => {
    await open();
    await page.route('**/api/documents', (route) => (route.request().method() === 'POST' ? route.abort('connectionreset') : route.fallback()), { times: 1 });
    await page.getByLabel('Files', { exact: true }).setInputFiles([TEXT('again.txt')]);
    await uploads().first().getByRole('alert').getByText(/It may be restarting/).waitFor();
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Send again.txt again' }).click();
    await uploads().first().getByText('Ready').waitFor();
  });

  it('drops files anywhere on the page', async () => {
    await open();
    const files = await page.evaluateHandle(() => {
      const held = new DataTransfer();
      held.items.add(new File(['Dropped words.'], 'dropped.md', { type: 'text/markdown' }));
      return held;
    });
    await page.dispatchEvent('h1', 'dragover', { dataTransfer: files });
    await page.locator('.intake--over').waitFor();
    await page.dispatchEvent('h1', 'drop', { dataTransfer: files });
    await uploads().filter({ hasText: 'dropped' }).getByText('Ready').waitFor();
    expect(await page.locator('.intake--over').count()).toBe(0);
  });

  it('finds a passage, is told how it was found, and opens it marked in its place', async () => {
    await open();
    await page.getByLabel('What to find in documents').fill('hexagon next to the pipe');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=hexagon/);
    await page.getByText('No model for embeddings is set up, so documents are found by their words only.').waitFor();
    await page.getByLabel('How to find it').selectOption('lexical');
    await page.waitForURL(/mode=lexical/);
    await page.getByText('No model for embeddings').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: /Hold the valve at the hexagon/ }).click();
    await page.waitForURL(/from=\d+&to=\d+/);
    const mark = page.locator('mark');
    await mark.waitFor();
    // An emoji stands before it, which JavaScript counts as two.
    expect(await mark.innerText()).toBe('Hold the valve at the hexagon next to the pipe.');
    await expect.poll(() => mark.evaluate((it) => it === document.activeElement)).toBe(true);
    await page.getByRole('button', { name: 'To the passage, page 4' }).waitFor();
    await page.getByText('No text on this page.').waitFor();
    await page.getByRole('button', { name: 'Take the mark away' }).click();
    await mark.waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByLabel('What to find in documents').waitFor();
    expect(await page.getByLabel('What to find in documents').inputValue()).toBe('hexagon next to the pipe');
  });

  it('follows an address deep into a long text, reads on in both directions, goes to a page', async () => {
    await open('?q=chapter&mode=lexical');
    await page.getByRole('link', { name: 'Handbook of the store' }).first().click();
    await page.waitForURL(/\/documents\/[^?]+/);
    const address = page.url().split('?')[0];
    await page.goto(`${address}?from=79990&to=80020`);
    const marks = page.locator('mark');
    await marks.first().waitFor();
    // It lies in two blocks: the second one is read for it.
    await expect.poll(async () => Array.from((await marks.allInnerTexts()).join('')).length).toBe(30);
    expect(await marks.first().evaluate((it) => it.getBoundingClientRect().top)).toBeLessThan(700);
    await page.getByRole('button', { name: 'Show what comes before' }).click();
    await page.getByRole('button', { name: 'Show what comes before' }).waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Page 1', exact: true }).waitFor();

    await page.getByLabel('Page to go to').fill('40');
    await page.keyboard.press('Enter');
    await page.waitForURL(/page=40/);
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Page 40');
    await page.goto(`${address}?from=9000000&to=9000010`);
    await page.getByText(/The passage is not here/).waitFor();
  });

  it('writes a text, changes what is said about it, has it summarised, downloads it, deletes it', async () => {
    await open();
    await page.getByRole('button', { name: 'Add a text or a page' }).click();
    await page.getByRole('menuitem', { name: 'A text' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Add text' }).click();
    await dialog.getByText('This is needed.').waitFor();
    await dialog.getByLabel('Title').fill('Returns');
    await dialog.getByLabel('Text *').fill('Returns are looked at by two people.');
    await dialog.getByRole('button', { name: 'Add text' }).click();
    await page.getByRole('heading', { name: 'Returns', level: 1 }).waitFor();
    await page.getByText('Ready', { exact: true }).waitFor();
    await page.getByText('Returns are looked at by two people.').waitFor();

    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await dialog.getByLabel('Title *').fill('Returned goods');
    await dialog.getByLabel('In short').fill('Two people.');
    await dialog.getByLabel('Tags').fill('house\nreturns');
    await dialog.getByLabel('Name of a further field').fill('since');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByRole('textbox', { name: 'since' }).fill('2024');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Returned goods', level: 1 }).waitFor();
    await page.getByText('Two people.', { exact: true }).waitFor();
    await page.getByText('2024').waitFor();
    await page.getByRole('button', { name: 'Have it written anew' }).click();
    await page.getByRole('alert').getByText('No model can be asked').waitFor();

    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    expect(file.suggestedFilename()).toMatch(/\.md$/);
    await page.getByRole('link', { name: 'returns', exact: true }).click();
    await page.getByText('1 document', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Returned goods' }).click();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL(/\/documents\?/);
    expect(await page.getByRole('link', { name: 'Returned goods' }).count()).toBe(0);
  });

  it('fetches a page and a site, and is told where that is refused', async () => {
    await open();
    const add = async (what: string) => {
      await page.getByRole('button', { name: 'Add a text or a page' }).click();
      await page.getByRole('menuitem', { name: what }).click();
      return page.getByRole('dialog');
    };
    const dialog = await add('A page of the web');
    await dialog.getByLabel('Address *').fill('http://localhost/admin');
    await dialog.getByRole('button', { name: 'Fetch page' }).click();
    await dialog.getByText('leads into a private network').waitFor();
    await dialog.getByLabel('Address *').fill('https://pipes.example/sizes');
    await dialog.getByRole('button', { name: 'Fetch page' }).click();
    await page.getByText('It was there already, and has not changed.').waitFor();
    await page.getByRole('heading', { name: 'Pipe sizes explained', level: 1 }).waitFor();

    await open();
    await add('A site');
    await dialog.getByLabel('Address of the first page *').fill('shop.example');
    await dialog.getByLabel('At most so many pages').fill('3');
    await dialog.getByRole('button', { name: 'Fetch site' }).click();
    await dialog.getByText('3 documents of 3 pages.').waitFor();
    await dialog.getByText('1 page could not be had').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByRole('link', { name: 'Page 3 of shop.example' }).waitFor();
  });

  it('has one that failed go on', async () => {
    await open('?state=failed');
    await page.getByRole('link', { name: 'Gaskets' }).click();
    await page.getByText('It could not be taken in.').waitFor();
    await page.getByRole('button', { name: 'Go on with Gaskets' }).click();
    await page.getByText('Ready', { exact: true }).waitFor();
    await page.getByText(/EPDM holds to 130/).waitFor();
  });

  it('who only reads sees what is shared, and no button that writes', async () => {
    await page.evaluate(() => localStorage.clear());
    await signIn(page, { ...at, email: 'viewer@example.com' });
    await page.getByRole('link', { name: 'Documents' }).click();
    await page.getByText('3 documents', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: /Add|Choose files|Go on/ }).count()).toBe(0);
    await page.getByRole('link', { name: 'Ball valves: fitting and care' }).click();
    await page.getByRole('button', { name: 'Download' }).waitFor();
    expect(await page.getByRole('button', { name: /More|Edit|Have/ }).count()).toBe(0);
  });
});
