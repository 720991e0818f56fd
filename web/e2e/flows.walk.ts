/**
 * What a person does, from signing in to an accepted proposal. It runs against the mock, which may be
 * written to; a real server is walked by `pages.walk.ts`, which only reads.
 */
import { readFile } from 'node:fs/promises';

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { type Place, settled, signIn } from './browser';
import { inside } from './stage';

const CSV = ['name,notes,use,size,colour', 'Ball valve 15 mm,full bore,indoor,15,red', ',no name,indoor,20,', '"=HYPERLINK(1)",a formula,indoor,25,', 'Elbow 90,"grey, solvent joint",galley,32,grey'].join('\n');

describe.skipIf(process.env.MAINSTAY_E2E_URL)('a person', () => {
  let at: Place;
  let page: Page;
  inside('catalogue', (stage) => ({ at, page } = stage));

  const rows = () => page.getByRole('grid').getByRole('row');
  const openMain = async (tab = 'items') => {
    await page.goto(`${at.url}/data/price_lists`);
    await page.getByRole('link', { name: 'Main list 2026' }).click();
    await page.waitForURL(/\/records\//);
    await page.goto(`${page.url().split('?')[0]}?tab=${tab}`);
    await settled(page);
  };

  it('is told when the password is wrong, and is brought back to where they wanted to go', async () => {
    await page.evaluate(() => localStorage.clear());
    await page.goto(`${at.url}/audit?action=signed_in`);
    await page.waitForURL(/sign-in/);
    await page.getByLabel('E-mail').fill(at.email);
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('E-mail or password is wrong').waitFor();
    await page.getByLabel('Password').fill(at.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(/audit\?action=signed_in/);
  });

  it('imports a list: sees how it is understood, watches it come in, reloads, reads the report', async () => {
    await page.goto(`${at.url}/data/price_lists/import?tenant=ten_nordwind`);
    await page.getByLabel('File', { exact: true }).setInputFiles({ name: 'new_stock.csv', mimeType: 'text/csv', buffer: Buffer.from(CSV) });
    await page.getByText('4 of 5 recognised').waitFor();
    await page.getByText('Not recognised').waitFor();
    await page.getByText('The name is empty, so the row is skipped.').waitFor();
    expect(await page.getByLabel('Name *').inputValue()).toBe('new stock');

    await page.getByRole('button', { name: 'Import 3 articles' }).click();
    await page.getByText('This is needed.').waitFor();
    await page.getByLabel('Season *').selectOption({ label: 'Spring' });
    await page.getByRole('button', { name: 'Import 3 articles' }).click();
    await page.waitForURL(/job=job_/);
    await page.reload();
    await page.getByRole('link', { name: 'Open what it made' }).waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download as CSV' }).click()]);
    expect(await readFile(await download.path(), 'utf8')).toContain('required_empty');

    await page.getByRole('link', { name: 'Open what it made' }).click();
    await page.getByText('Ball valve 15 mm').waitFor();
    expect(await page.getByText('3 articles', { exact: true }).count()).toBe(1);
  });

  it('scrolls through ten thousand rows, of which only those in sight are drawn', async () => {
    await openMain();
    await page.getByText('200 of 10,412 articles read').waitFor();
    await rows().nth(1).focus();
    const read = async () => Number((await page.locator('.table__status').innerText()).replace(/,/g, '').match(/\d+/)?.[0]);
    for (let press = 0; press < 80 && (await read()) <= 1_500; press++) {
      await page.keyboard.press('End');
      await page.waitForTimeout(120);
    }
    expect(await read()).toBeGreaterThan(1_500);
    expect(await rows().count()).toBeLessThan(80);
  });

  it('narrows, opens an article, leafs on and changes it, which makes a new version', async () => {
    await openMain();
    await page.getByLabel('Search articles').fill('125 mm brass');
    await page.waitForURL(/q=125/);
    await page.getByText('108 articles').waitFor();
    await rows().nth(1).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('button', { name: 'The article after' }).click();
    await sheet.getByRole('button', { name: 'Change in a new version' }).click();
    await sheet.getByLabel('Description').fill('Chrome plated');
    await sheet.getByRole('button', { name: 'Save as a new version' }).click();
    await sheet.getByText('The new version is there.').waitFor();
    await sheet.getByRole('link', { name: 'See the versions' }).click();
    await page.getByText('v5 · Changed').waitFor();
  });

  it('runs a task on a version, sees the difference and activates what it made', async () => {
    await openMain('tasks');
    await page.getByRole('button', { name: /^Renumber/ }).click();
    await page.getByLabel('Policy').click();
    await page.getByRole('option', { name: /Family first/ }).click();
    await page.getByLabel('Label', { exact: true }).fill('Trial');
    await page.getByRole('button', { name: 'Run: Renumber' }).click();
    await page.getByRole('link', { name: 'See the difference' }).click();
    await page.getByRole('button', { name: /renamed/ }).click();
    await page.getByText(/BRS-015-N/).first().waitFor();
    await page.getByRole('button', { name: 'Activate' }).click();
    await page.getByText('v5 active').waitFor();
  });

  it('goes through proposals by keyboard: moves, selects, accepts some, rejects one with a reason', async () => {
    await openMain('proposals');
    await page.getByText('47 proposals', { exact: true }).waitFor();
    for (const key of ['x', 'j', 'x']) await page.keyboard.press(key);
    await page.getByText('2 proposals selected').waitFor();
    await page.keyboard.press('u');
    expect(await page.getByText('2 proposals selected').count()).toBe(0);
    for (const key of ['x', 'k', 'x', 'a']) await page.keyboard.press(key);
    await page.getByText('45 proposals', { exact: true }).waitFor();
    await page.keyboard.press('r');
    await page.getByRole('dialog').getByLabel('Why').fill('The name is printed like this.');
    await page.keyboard.press('Control+Enter');
    await page.getByText('44 proposals', { exact: true }).waitFor();
    await page.getByLabel('Status').selectOption('rejected');
    await page.getByText('1 proposal', { exact: true }).waitFor();
    await page.locator('article').first().hover();
    await page.keyboard.press('Enter');
    await page.getByText('The name is printed like this.').waitFor();
  });

  it('goes back to an older version with a reason', async () => {
    await openMain('versions');
    await page.getByRole('button', { name: 'More for v1' }).click();
    await page.getByRole('menuitem', { name: 'Go back to this version' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByRole('button', { name: 'Go back' }).isDisabled()).toBe(true);
    await dialog.getByLabel('Why').fill('The new numbers are not printed yet.');
    await dialog.getByRole('button', { name: 'Go back' }).click();
    await page.getByText('v5 · Back to version 1').waitFor();
  });

  it('keeps a document that words made, after looking at the difference', async () => {
    await openMain('tasks');
    await page.getByRole('button', { name: /^Policy from words/ }).click();
    await page.getByLabel('What should change *').fill('Sizes first, please');
    await page.getByLabel('Policy', { exact: true }).click();
    await page.getByRole('option', { name: /Family first/ }).click();
    await page.getByRole('button', { name: 'Run: Policy from words' }).click();
    await page.getByRole('button', { name: 'Put into Family first' }).click();
    await page.getByRole('dialog').getByText('size-first').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Change' }).click();
    await page.getByText('Saved.').waitFor();
  });

  it('is told when somebody else changed the same record meanwhile', async () => {
    await page.goto(`${at.url}/data/policies`);
    await page.getByRole('link', { name: 'By size (trial)' }).click();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.getByLabel('Name *').fill('By size');
    await other.getByRole('button', { name: 'Save policy' }).click();
    await other.getByText('Saved.').waitFor();
    await page.getByLabel('Name *').fill('By size, second try');
    await page.getByRole('button', { name: 'Save policy' }).click();
    await page.getByText('Somebody changed it meanwhile').waitFor();
  });

  it('makes a record for one of many tenants, choosing them and what it names inside the dialog', async () => {
    await page.goto(`${at.url}/data/policies`);
    await page.getByRole('button', { name: 'New policy' }).click();
    const dialog = page.getByRole('dialog', { name: 'New policy' });
    await dialog.getByText('Choose whose policy it will be').waitFor();
    await dialog.getByLabel('Customer *').click();
    await page.getByRole('combobox', { name: /Find/ }).fill('hafen');
    await page.getByRole('option', { name: /Hafen/ }).click();
    await dialog.getByLabel('Name *').fill('Harbour numbers');
    await dialog.getByLabel('Price list').click();
    await page.getByRole('option', { name: /Harbour fittings/ }).click();
    await dialog.getByRole('tab', { name: 'Example' }).click();
    await dialog.getByRole('button', { name: 'Start from this example' }).click();
    await dialog.getByRole('button', { name: 'Create policy' }).click();
    await page.getByRole('heading', { name: 'Harbour numbers' }).waitFor();
    await page.getByRole('link', { name: 'Harbour fittings' }).waitFor();
  });

  it('goes on being told of a job when the stream of events is gone', async () => {
    await page.route('**/api/jobs/events', (route) => route.abort());
    await openMain('tasks');
    await page.getByRole('button', { name: 'Run: Review' }).click();
    await page.getByText('Nothing new was found.').first().waitFor();
    await page.goto(`${at.url}/jobs`);
    await page.getByText('Polling').waitFor();
  });

  it('deletes a record and gets it back', async () => {
    await page.goto(`${at.url}/data/families`);
    await page.getByRole('link', { name: '16', exact: true }).click();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Delete family' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('3 families').waitFor();
    await page.getByLabel('With deleted ones').check();
    await page.getByText('4 families').waitFor();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Restored.').waitFor();
    await page.getByRole('button', { name: 'Restore' }).waitFor({ state: 'detached' });
  });

  it('jumps to a record by typing, and sees the shortcuts', async () => {
    await settled(page);
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Go anywhere').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByLabel('Go to a page or a record').fill('harbour');
    await page.getByRole('option', { name: /Harbour fittings/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Harbour fittings' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('j');
    await page.waitForURL(/\/jobs/);
  });

  it('narrows the audit log to an act found by typing, and sees how many tenants there are', async () => {
    await page.getByRole('link', { name: 'Customers 4' }).waitFor();
    await page.goto(`${at.url}/audit`);
    await page.getByRole('button', { name: 'Action: Any action' }).click();
    await page.getByRole('combobox', { name: 'Find: Action' }).fill('key cr');
    await page.getByRole('option', { name: /^Key created/ }).click();
    await page.waitForURL(/action=key_created/);
    await page.getByRole('button', { name: 'Action: Key created' }).waitFor();
    await page.getByText('30 entries').waitFor();
  });

  it('makes a key whose secret is shown once', async () => {
    await page.goto(`${at.url}/keys?tenant=ten_nordwind`);
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Name *').fill('Till');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.locator('[data-secret]').waitFor();
    expect(await page.locator('[data-secret]').innerText()).toMatch(/^mk_live_/);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByRole('cell', { name: 'Till', exact: true }).waitFor();
    expect(await page.locator('[data-secret]').count()).toBe(0);
  });

  it('has another key sign tokens once that is confirmed', async () => {
    await page.goto(`${at.url}/keys`);
    await page.getByRole('button', { name: 'Replace the signing key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Replace the signing key?' });
    await dialog.getByRole('button', { name: 'Replace the signing key' }).click();
    await page.getByText(/^The key [0-9a-f]{16} signs from now on\.$/).waitFor();
    expect(await page.getByRole('region', { name: 'Signing keys' }).getByRole('row').count()).toBe(3);
  });

  it('asks a model and sees the answer come, what it took and what it cost', async () => {
    await page.goto(`${at.url}/models?tab=playground`);
    await page.getByLabel('Model', { exact: true }).getByText('balanced').waitFor();
    await page.getByLabel('System prompt').fill('Be short.');
    await page.getByLabel('Question').fill('What is a ball valve?');
    await page.keyboard.press('Enter');
    await page.getByText(/You asked: “What is a ball valve\?”/).waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    const said = page.getByRole('article');
    await said.getByText('openai/gpt-4o-mini').waitFor();
    await said.getByText('First token').waitFor();
    await said.getByText(/tokens\/s/).waitFor();
    await said.getByText(/^\$0\.\d+$/).waitFor();

    await page.getByLabel('Question').fill('And a gate valve?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByText(/Before that you asked once/).waitFor();
    await page.getByText(/64 cached/).waitFor();
    await said.nth(1).getByText(/^\$0\.\d+$/).waitFor();
    await page.goto(`${at.url}/usage?operation=playground`);
    await page.getByText('2 calls', { exact: true }).waitFor();
  });

  it('is told what an answer cost once all its attempts are in the ledger', async () => {
    await page.goto(`${at.url}/models?tab=playground`);
    await page.getByLabel('Model', { exact: true }).click();
    await page.getByRole('combobox', { name: 'Find: Model' }).fill('speed');
    await page.getByRole('option', { name: 'speed' }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByLabel('Question').fill('What is a ball valve?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    const said = page.getByRole('article');
    await said.getByText('Attempts').waitFor();
    expect(await said.getByText(/^\$0\.00$/).count()).toBe(0);
    await said.getByText(/^\$0\.\d+$/).waitFor();
  });

  it('stops an answer, and another tab of the room does not', async () => {
    await page.goto(`${at.url}/models?tab=playground`);
    await page.getByLabel('Question').fill('What is a ball valve?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByText(/You asked/).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('You stopped it.').waitFor();
    await page.getByText(/≈ .* in/).waitFor();
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByRole('link', { name: 'Providers' }).click();
    await page.getByRole('heading', { name: 'groq' }).waitFor();
    await page.getByRole('link', { name: 'Playground' }).click();
    await page.getByText(/flanged or press/).waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('heading', { name: 'Ask a model' }).waitFor();
  });

  it('is told how an answer failed: refused, in the middle, broken off', async () => {
    await page.goto(`${at.url}/models?tab=playground`);
    const ask = async (model: string) => {
      await page.getByLabel('Model', { exact: true }).click();
      await page.getByRole('combobox', { name: 'Find: Model' }).fill(model);
      await page.getByRole('option', { name: model }).first().waitFor();
      await page.keyboard.press('Enter');
      await page.getByLabel('Question').fill('What is a ball valve?');
      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      return page.getByRole('alert').last();
    };
    await (await ask('groq/llama-3.3-70b-versatile')).getByText('provider_left_alone').waitFor();
    await (await ask('huggingface/meta')).getByText('provider_failed').waitFor();
    await (await ask('ollama/qwen')).getByText('The answer broke off').waitFor();
    await (await ask('nobody/knows-it')).getByText('model_not_found').waitFor();
    expect(await page.getByRole('alert').getByText(/req_/).count()).toBe(4);
  });

  it('makes a budget, changes it, takes it away', async () => {
    await page.goto(`${at.url}/models?tab=budgets`);
    await page.getByRole('button', { name: 'New budget' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Save budget' }).click();
    expect(await dialog.getByText('This is needed.').count()).toBe(2);
    await dialog.getByLabel('Name *').fill('reviews');
    await dialog.getByLabel('Counts the spending of').selectOption('task');
    await dialog.getByLabel('Task').click();
    await page.getByRole('option', { name: /review/i }).first().click();
    await dialog.getByLabel('Limit in dollars *').fill('2.50');
    await dialog.getByRole('button', { name: 'Save budget' }).click();
    await page.getByRole('heading', { name: 'reviews' }).waitFor();
    await page.getByText('$2.50').waitFor();

    await page.getByRole('button', { name: 'Change reviews' }).click();
    await dialog.getByLabel('At the limit').selectOption('downgrade');
    await dialog.getByLabel('The cheaper model *').click();
    await page.getByRole('option', { name: 'openai/gpt-4o-mini' }).click();
    await dialog.getByRole('button', { name: 'Save budget' }).click();
    await dialog.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Remove reviews' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('heading', { name: 'reviews' }).waitFor({ state: 'detached' });
    expect(await page.getByRole('button', { name: 'Remove house' }).count()).toBe(0);
  });

  it('tests a provider, and is told the way out when it fails', async () => {
    await page.goto(`${at.url}/models`);
    await page.getByRole('button', { name: 'Test openai', exact: true }).click();
    await page.getByText('1 model answered.').waitFor();
    await page.getByText('$0.0000039').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Test groq', exact: true }).click();
    await page.getByText('It is tried again within half a minute.').waitFor();
  });

  it('watches the queue, and asks nothing while nobody looks', async () => {
    let asked = 0;
    page.on('request', (request) => (asked += Number(request.url().endsWith('/api/models/queue'))));
    await page.goto(`${at.url}/models?tab=limits`);
    await page.getByText(/of 64 that have room/).waitFor();
    await expect.poll(() => asked, { timeout: 8_000 }).toBeGreaterThan(2);
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await page.waitForTimeout(1_200);
    const before = asked;
    await page.waitForTimeout(2_500);
    expect(asked).toBe(before);
  });

  it('who only reads sees no button that writes', async () => {
    await page.evaluate(() => localStorage.clear());
    await signIn(page, { ...at, email: 'viewer@example.com' });
    await openMain();
    expect(await page.getByRole('button', { name: /Add|Activate|Delete/ }).count()).toBe(0);
    expect(await page.getByRole('link', { name: /Users|Keys|Webhooks/ }).count()).toBe(0);
    await page.goto(`${at.url}/models`);
    await page.getByRole('heading', { name: 'groq' }).waitFor();
    expect(await page.getByRole('button', { name: /Test/ }).count()).toBe(0);
    expect(await page.getByRole('link', { name: /Playground|queue/ }).count()).toBe(0);
    await page.getByRole('link', { name: 'Budgets' }).click();
    await page.getByRole('heading', { name: 'each customer' }).waitFor();
    expect(await page.getByRole('button', { name: /New budget|Change|Remove/ }).count()).toBe(0);
    await page.goto(`${at.url}/users`);
    await page.getByRole('alert').getByText('Your role does not allow this.').waitFor();
  });

  it('ends all sessions at once', async () => {
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out everywhere' }).click();
    await page.waitForURL(/sign-in/);
  });
});
