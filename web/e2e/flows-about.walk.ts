/** What a person does when they ask about one thing: what came of their text, a record. */
import type { Browser, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { answered, ask } from './asking';
import { type Place, settled, signIn } from './browser';
import { inEachLook, inside } from './stage';

const NOWHERE = '00000000-0000-4000-8000-000000000000';

describe.skipIf(process.env.MAINSTAY_E2E_URL)('a person who asks about a result', () => {
  let at: Place;
  let chromium: Browser;
  let page: Page;
  inside('letters', (stage) => ({ at, chromium, page } = stage));

  const open = async (on: Page) => {
    await on.goto(`${at.url}/results`);
    await on.getByRole('grid', { name: 'Results' }).getByRole('link').first().click();
    await on.waitForURL(/\/results\/[^?]+/);
    await on.getByText('You asked nothing about this yet.').waitFor();
  };

  it('stops an answer, has it made again, and is told what went along', async () => {
    await open(page);
    await page.getByRole('link', { name: 'Ask Coach about this' }).click();
    await page.getByText(/^About the grading of/).waitFor();
    await ask(page, 'A long one, please');
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}/);
    await page.getByText(/one word after the other/).first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Interrupted: what was written until then is kept.').waitFor();
    await page.getByRole('button', { name: 'Answer again' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Interrupted: what was written until then is kept.').waitFor();

    await ask(page, 'How is it?');
    await page.getByText('You asked: “How is it?”').waitFor();
    const answer = await answered(page);
    await answer.getByText('the grading, the letter it lies in, 2 earlier versions').waitFor();
    await answer.getByRole('link', { name: 'Source 1: grading' }).first().waitFor();
    await page.getByText(/^About the grading of/).waitFor();
  });

  it('finds the way back to the result, what was asked about it there, and deletes that', async () => {
    await open(page);
    await page.getByRole('link', { name: 'Ask Coach about this' }).click();
    await ask(page, 'Is it short?');
    await answered(page);
    await page.getByRole('link', { name: 'the grading', exact: true }).click();
    await page.waitForURL(/\/results\/[^?]+/);
    const before = page.getByRole('navigation', { name: 'Your chats about this' });
    await before.getByRole('link', { name: /^Is it short\?/ }).click();
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}/);
    await page.getByText(/^About the grading of/).waitFor();
    await page.goBack();
    await before.getByRole('button', { name: 'More for Is it short?' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('You asked nothing about this yet.').waitFor();
  });

  inEachLook(
    'about',
    () => chromium,
    async ({ page: here, see }) => {
      await signIn(here, at);
      await open(here);
      await see('result');
      await here.getByRole('link', { name: 'Ask Coach about this' }).click();
      await here.getByText(/^About the grading of/).waitFor();
      await settled(here);
      await see('new');
      await ask(here, 'How is it?');
      await (await answered(here)).getByText('Went along').waitFor();
      await see('whole');
      await here.goto(`${at.url}/chat?assistant=coach&record=${NOWHERE}`);
      await here.getByText(/^What this is about is not there any more/).waitFor();
      await settled(here);
      await see('gone');
    },
  );
});

describe.skipIf(process.env.MAINSTAY_E2E_URL)('a person who asks about a record', () => {
  let at: Place;
  let page: Page;
  inside('catalogue', (stage) => ({ at, page } = stage));

  const open = async () => {
    await page.goto(`${at.url}/data/policies?tenant=ten_nordwind`);
    await page.getByRole('link', { name: 'By size (trial)' }).click();
    await page.waitForURL(/\/records\//);
    await settled(page);
  };

  it('is answered, finds the chat with the record, and can only read it while that is deleted', async () => {
    await open();
    await page.getByRole('link', { name: 'Ask Desk about this' }).click();
    await page.getByText('About the policy By size (trial)').waitFor();
    await ask(page, 'What is it for?');
    await (await answered(page)).getByText('Went along').waitFor();
    await page.locator('.chat__about').getByRole('link', { name: 'By size (trial)' }).click();
    await page.getByRole('navigation', { name: 'Parts of this policy' }).getByRole('link', { name: 'Chats' }).click();
    const before = page.getByRole('navigation', { name: 'Your chats about this' });
    await before.getByRole('link', { name: /^What is it for\?/ }).waitFor();

    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Delete policy' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL(/\/data\/policies/);
    await page.getByRole('link', { name: 'Chat', exact: true }).click();
    await page.getByRole('link', { name: /^What is it for\?/ }).click();
    await page.getByText(/was deleted\. What was said can be read/).waitFor();
    await page.getByText('You asked: “What is it for?”').waitFor();
    expect(await page.getByLabel('Question').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Answer again' }).count()).toBe(0);

    await page.getByRole('link', { name: 'policy', exact: true }).click();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('link', { name: 'Ask Desk about this' }).waitFor();
    await page.goBack();
    await page.getByLabel('Question').waitFor();
  });

  it('is told when there is no such record', async () => {
    await page.goto(`${at.url}/chat?tenant=ten_nordwind&assistant=desk&record=${NOWHERE}`);
    await page.getByText(/^What this is about is not there any more/).waitFor();
    expect(await page.getByLabel('Question').count()).toBe(0);
  });

  it('who may ask nobody sees no button for it', async () => {
    await page.evaluate(() => localStorage.clear());
    await signIn(page, { ...at, email: 'viewer@example.com' });
    await open();
    await page.getByRole('heading', { name: 'By size (trial)' }).waitFor();
    expect(await page.getByRole('link', { name: /^Ask Desk|^Chats$/ }).count()).toBe(0);
  });
});
