/** What a person does with assistants, on the mock: from an account of their own to an answer with its sources. */
import { readFile } from 'node:fs/promises';

import type { Browser, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { answered, ask } from './asking';
import { type Place, settled, signIn } from './browser';
import { atTheDoor, inEachLook } from './stage';

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

describe.skipIf(process.env.MAINSTAY_E2E_URL)('a person who asks', () => {
  let at: Place;
  let chromium: Browser;
  let page: Page;
  atTheDoor('answers', (stage) => ({ at, chromium, page } = stage));

  const open = async () => {
    await signIn(page, at);
    await page.goto(`${at.url}/chat`);
    await page.getByRole('heading', { name: 'New chat' }).waitFor();
  };

  it('makes an account, begins at the chat, and is answered with sources that open at their passage', async () => {
    await page.goto(`${at.url}/sign-in`);
    await page.getByRole('link', { name: 'Create an account' }).click();
    await page.getByLabel('Name').fill('Nora');
    await page.getByLabel('E-mail').fill('admin@example.com');
    await page.getByLabel('Password').fill('quite long enough');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByText('Somebody has this e-mail address already.').waitFor();
    await page.getByLabel('E-mail').fill('nora@example.com');
    await page.getByRole('button', { name: 'Create account' }).click();

    await page.waitForURL(/\/chat$/);
    await page.getByText('Chats are kept here').waitFor();
    expect(await page.getByRole('link', { name: 'Overview' }).count()).toBe(0);
    await ask(page, 'How tight is a valve of 15 mm?');
    await page.getByText(/^(Looking|Found|Reading|Waiting)/).first().waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
    const answer = await answered(page);
    await answer.getByRole('cell', { name: '90 Nm' }).waitFor();
    await answer.getByText('First word').waitFor();
    await answer.getByText('<b>Tags</b> stay text.').waitFor();
    // What stands in code names nothing.
    expect(await answer.locator('code').getByText('never both [1]').count()).toBe(1);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Question');

    await answer.getByText('2 sources').waitFor();
    await answer.getByRole('link', { name: /^Source 1: Ball valves/ }).first().click();
    await page.waitForURL(/\/documents\/[^?]+\?.*from=\d+/);
    await page.goBack();
    await page.getByRole('link', { name: 'Ball valves, fitted well' }).waitFor();
  });

  it('goes on with what is proposed to be asked next, without a mouse', async () => {
    await open();
    await ask(page, 'How tight is a valve of 15 mm?');
    await answered(page);
    const next = page.getByRole('list', { name: 'What could be asked next' });
    await next.getByRole('button', { name: 'Which size is the usual one?' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('You asked: “Which size is the usual one?”').waitFor();
    // What was asked is not proposed again, and nothing is while an answer comes.
    await next.getByRole('button', { name: 'What does it cost to do it over?' }).waitFor();
    expect(await next.getByRole('button').count()).toBe(1);
    expect(await next.count()).toBe(1);
  });

  it('hears every word once, though the line is cut on the way', async () => {
    await open();
    const asked: string[] = [];
    page.on('request', (request) => request.url().includes('/events') && asked.push(request.headers()['last-event-id'] ?? ''));
    await ask(page, 'What is cut here?');
    const answer = await answered(page);
    expect(await answer.locator('.prose > p').first().innerText()).toBe('You asked: “What is cut here?”');
    expect(await answer.locator('.prose > p').nth(1).innerText()).toMatch(/^Hold the valve at the hexagon next to the pipe while it is tightened\s*1\s*\. What it wants depends on its size:$/);
    expect(asked.filter((it) => /:\d+$/.test(it)).length).toBe(1);
  });

  it('stops an answer, which is kept as far as it came, and asks again', async () => {
    await open();
    await ask(page, 'A long one, please');
    await page.getByText(/one word after the other/).first().waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Interrupted: what was written until then is kept.').waitFor();
    await page.getByRole('button', { name: 'Answer again' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    expect(await page.getByRole('article', { name: 'Answer' }).count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.getByText('Interrupted: what was written until then is kept.').waitFor();
  });

  it('goes on with an answer after the page was loaded anew', async () => {
    await open();
    await ask(page, 'A long one, please');
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
    await page.getByText(/one word after the other/).first().waitFor();
    await page.reload();
    await page.getByText(/You asked: “A long one, please”/).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Interrupted: what was written until then is kept.').waitFor();
  });

  it('goes on with an answer that is made once more after the page was loaded anew', async () => {
    await open();
    await ask(page, 'A long one, please');
    await page.getByText(/one word after the other/).first().waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Interrupted: what was written until then is kept.').waitFor();
    await page.getByRole('button', { name: 'Answer again' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    expect(await page.getByRole('region', { name: 'What was said' }).getByText('A long one, please', { exact: true }).count()).toBe(1);
    expect(await page.getByText('Interrupted').count()).toBe(0);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Interrupted: what was written until then is kept.').waitFor();
  });

  it('is told how an answer failed, and gets out of it', async () => {
    await open();
    await ask(page, 'Does this fail?');
    await page.getByText('Interrupted: what was written until then is kept.').waitFor();
    await page.getByRole('button', { name: 'Answer again' }).click();
    await answered(page);
    expect(await page.getByText('Interrupted').count()).toBe(0);
    await ask(page, 'Is it busy?');
    await page.getByRole('alert').getByText('At most 30 questions a minute may be asked.').waitFor();
    await page.getByText('Is it busy?').waitFor();
  });

  it('has the web searched, is told when documents were searched by words alone, and of a question that is too long', async () => {
    await open();
    await page.getByLabel('Search the web').check();
    await page.getByLabel('Question').fill(`degraded ${'and so on '.repeat(60)}`);
    await page.getByText(/of 500 characters: what is beyond is cut off/).waitFor();
    // It is told for a moment only: whoever looks afterwards may come too late.
    const searching = page.getByText('Searching the web').first().waitFor();
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await searching;
    const answer = await answered(page);
    await answer.getByText('documents were found by their words only').waitFor();
    await page.getByText('It was too long, and was cut here.').waitFor();
    const link = answer.getByRole('link', { name: 'Source 1: Torque of brass fittings, in a new tab' }).first();
    expect(await link.getAttribute('href')).toBe('https://fittings.example/torque?size=15');
    expect(await link.getAttribute('rel')).toContain('noopener');
    await answer.getByText('1 passage was looked at and not named').click();
    await answer.getByRole('button', { name: 'Whole passages' }).click();
  });

  it('asks an assistant without a model, which says that it quotes', async () => {
    await open();
    await page.getByLabel('Assistant').selectOption('Archive');
    await page.getByText('the answers quote the best passages').waitFor();
    expect(await page.getByLabel('Search the web').count()).toBe(0);
    await ask(page, 'What was written?');
    const answer = page.getByRole('article', { name: 'Answer' }).last();
    await answer.getByText('No model is set up: the answer quotes the best passages.').waitFor();
    await answer.getByText('Confidence').waitFor();
    expect(await answer.getByText('Cost').count()).toBe(0);
  });

  it('names, finds a title for, exports and deletes a chat', async () => {
    await open();
    await page.getByRole('link', { name: /^How a ball valve is fitted/ }).click();
    await page.getByRole('heading', { name: 'How a ball valve is fitted' }).waitFor();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByRole('dialog').getByLabel('Title *').fill('Fitting valves');
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('heading', { name: 'Fitting valves' }).waitFor();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    const saving = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Export' }).click();
    const file = await saving;
    expect(file.suggestedFilename()).toBe('Fitting valves.json');
    expect(JSON.parse(await readFile(await file.path(), 'utf8'))).toMatchObject({ chat: { title: 'Fitting valves' }, messages: [{ role: 'user' }, { role: 'assistant' }] });
    await page.getByRole('button', { name: 'More for Fitting valves' }).click();
    await page.getByRole('menuitem', { name: 'Find a title' }).click();
    await page.getByRole('heading', { name: 'Found by the model' }).waitFor();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'New chat' }).waitFor();
    await page.getByRole('link', { name: /^Found by the model/ }).waitFor({ state: 'detached' });
  });

  it('leafs back through a long talk', async () => {
    await open();
    await page.getByRole('link', { name: /^A long talk about gaskets/ }).click();
    await page.getByText('Answer 35: EPDM, as before.').waitFor();
    expect(await page.getByText('Answer 1: EPDM, as before.').count()).toBe(0);
    await page.getByRole('button', { name: 'Show 30 older messages' }).click();
    await page.getByText('Answer 1: EPDM, as before.').waitFor();
  });

  it('adds a document to a chat, asks about it, and takes it away', async () => {
    await open();
    expect(await page.getByRole('button', { name: 'Add a document' }).isDisabled()).toBe(true);
    await ask(page, 'What is there?');
    await answered(page);
    await page.getByLabel('Document for this chat').setInputFiles({ name: 'torque.md', mimeType: 'text/markdown', buffer: Buffer.from('A 20 mm valve wants 40 Nm.') });
    const list = page.getByRole('list', { name: 'Documents of this chat' });
    await list.getByRole('link', { name: 'torque' }).waitFor();
    await list.getByRole('progressbar').waitFor();
    await list.getByRole('progressbar').waitFor({ state: 'detached' });
    await ask(page, 'And of 20 mm?');
    await page.getByRole('link', { name: 'Source 1: torque' }).first().waitFor();
    await list.getByRole('button', { name: 'Remove torque' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await list.waitFor({ state: 'detached' });
  });

  it('sets rules of their own, and takes them away', async () => {
    await open();
    const rules = async () => {
      await page.getByRole('button', { name: 'More', exact: true }).click();
      await page.getByRole('menuitem', { name: 'Your own rules' }).click();
      await page.getByRole('dialog').getByLabel('Rules', { exact: true }).waitFor();
    };
    await rules();
    await page.getByLabel('Rules', { exact: true }).fill('x'.repeat(2_001));
    await page.getByText('At most 2,000 characters; there are 2,001.').waitFor();
    await page.getByLabel('Rules', { exact: true }).fill('Answer in one sentence.');
    await page.getByRole('button', { name: 'Save rules' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await rules();
    expect(await page.getByLabel('Rules', { exact: true }).inputValue()).toBe('Answer in one sentence.');
    await page.getByRole('button', { name: 'Take away' }).click();
    await rules();
    expect(await page.getByLabel('Rules', { exact: true }).inputValue()).toBe('');
  });

  it('goes on being answered while another room is looked at', async () => {
    await open();
    await ask(page, 'How tight is a valve?');
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
    await page.getByRole('link', { name: 'Documents', exact: true }).click();
    await page.getByRole('heading', { name: 'Documents' }).waitFor();
    await page.goBack();
    await answered(page);
    expect(await page.getByText(/You asked: “How tight is a valve\?”/).count()).toBe(1);
  });

  it('shows who they are: a picture, a few words, another password', async () => {
    await signIn(page, at);
    await page.goto(`${at.url}/account`);
    await page.getByLabel('About').fill('Looks after the workshop.');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Saved.').first().waitFor();
    await page.getByLabel('Picture').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: PIXEL });
    await page.getByRole('img', { name: 'You' }).waitFor();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByRole('img', { name: 'You' }).waitFor({ state: 'detached' });
    await page.getByLabel('Password now *').fill('wrong');
    await page.getByLabel('New password *').fill('another good one');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('This is not the password.').waitFor();
    await page.getByLabel('Password now *').fill(at.password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The new password holds from now on.').waitFor();
  });

  inEachLook(
    'chat',
    () => chromium,
    async ({ page: here, look, see }) => {
      await here.goto(`${at.url}/sign-up`);
      await here.getByRole('link', { name: 'Sign in' }).waitFor();
      await see('sign-up');
      await signIn(here, at);
      await here.goto(`${at.url}/chat`);
      await settled(here);
      await see('new');
      await ask(here, 'A long one, please');
      await here.getByText(/one word after the other/).first().waitFor();
      await see('coming');
      await here.getByRole('button', { name: 'Stop' }).click();
      await here.getByText('Interrupted: what was written until then is kept.').waitFor();
      await here.getByLabel('Search the web').check();
      await ask(here, 'degraded, and how tight is it?');
      await here.getByText('by their words only').waitFor();
      await here.getByRole('button', { name: 'Ask', exact: true }).waitFor();
      await see('whole');
      await ask(here, 'Is it busy?');
      await here.getByRole('alert').waitFor();
      await see('refused');
      await here.getByRole('button', { name: 'More', exact: true }).click();
      await here.getByRole('menuitem', { name: 'Your own rules' }).click();
      await here.getByLabel('Rules', { exact: true }).waitFor();
      await see('rules');
      await here.keyboard.press('Escape');
      if (look.width < 1000) {
        await here.getByRole('button', { name: 'Chats', exact: true }).click();
        await here.getByRole('dialog').getByRole('link', { name: /^How a ball valve/ }).waitFor();
        await see('list');
        await here.keyboard.press('Escape');
      }
      await here.goto(`${at.url}/account`);
      await settled(here);
      await see('account');
    },
  );
});
