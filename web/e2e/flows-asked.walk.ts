/** What a person does with questions over data, and with letters that are graded. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { type Place, settled } from './browser';
import { inside } from './stage';

describe.skipIf(process.env.MAINSTAY_E2E_URL)('a person who asks and writes', () => {
  let at: Place;
  let page: Page;
  inside('letters', (stage) => ({ at, page } = stage));

  const open = async (path: string) => {
    await page.goto(`${at.url}${path}`);
    await settled(page);
  };
  const handIn = async (text: string) => {
    await page.getByLabel('Letter *').fill(text);
    await page.getByRole('button', { name: 'Hand it in' }).click();
    await page.waitForURL(/\/results\/[^?]+/);
  };

  it('begins with a question in Dutch, goes on with one that is proposed, looks at one record', async () => {
    await open('/questions');
    await page.getByLabel('Language').selectOption('nl');
    await page.getByRole('button', { name: 'Wat zijn de meeste onderwerpen?' }).click();
    await page.getByRole('article').getByText('Het meest over').waitFor();
    await page.waitForURL(/\/questions\/[^?]+/);
    await page.getByRole('list', { name: 'Call count' }).getByText('bills').waitFor();
    await page.getByRole('button', { name: 'Welke onderwerpen groeiden?' }).click();
    await expect.poll(() => page.getByRole('article').count()).toBe(2);
    await page.getByRole('button', { name: 'Look at one record' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Record *').fill('Invoice 1');
    await page.keyboard.press('Enter');
    await dialog.getByText('Invoice 1 is one of them.').waitFor();
  });

  it('is told why there is no answer, asks what could be answered, and sees months as a line', async () => {
    await open('/questions?language=en');
    await page.getByLabel('Question').fill('What is the secret?');
    await page.keyboard.press('Enter');
    await page.getByRole('article').getByText('The data does not tell that.').waitFor();
    await page.getByRole('button', { name: 'How many calls were there?' }).click();
    await page.getByRole('article').getByText('Mostly about').waitFor();
    await page.getByLabel('Question').fill('How many calls each month?');
    await page.keyboard.press('Enter');
    await page.getByRole('img', { name: /Call count/ }).waitFor();
    await page.getByRole('link', { name: 'How they fared' }).click();
    await page.getByLabel('Answered').selectOption('false');
    await page.getByText('1 question', { exact: true }).waitFor();
  });

  it('deletes a conversation', async () => {
    await open('/questions');
    await page.getByRole('button', { name: 'Delete What do people call about?' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('What you ask is kept here for a while.').waitFor();
  });

  it('finds a draft again, is told how long it is, hands it in and watches the grading', async () => {
    await page.getByRole('link', { name: 'Grade a letter' }).click();
    await page.getByLabel('Letter *').fill('Too short 🙂');
    await page.getByText('It needs at least 20 characters.').waitFor();
    expect(await page.getByTestId('length').innerText()).toBe('11 of 400 characters');
    expect(await page.getByRole('button', { name: 'Hand it in' }).isDisabled()).toBe(true);
    await page.getByLabel('Letter *').fill('We ask for three people. It pays.');
    await page.getByText('Draft kept in this browser').waitFor();
    await page.reload();
    expect(await page.getByLabel('Letter *').inputValue()).toBe('We ask for three people. It pays.');
    await page.getByRole('button', { name: 'Hand it in' }).click();
    await page.getByRole('progressbar', { name: 'How far it is' }).waitFor();
    await page.getByText('3.8', { exact: true }).waitFor();
    await page.getByText('It begins with the wish.').waitFor();
    await open('/write');
    expect(await page.getByLabel('Letter *').inputValue()).toBe('');
  });

  it('reads comments beside the words they are about, says what they think, saves the PDF', async () => {
    await open('/write');
    await handIn('We ask for two people. It pays within a year.');
    await page.getByRole('tab', { name: /In detail/ }).click();
    await expect.poll(() => page.locator('mark').allInnerTexts()).toEqual(['We ask for two people.']);
    await page.getByRole('button', { name: 'Comment 1 on these words' }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Comment 1');
    await page.getByRole('button', { name: /^Go to these words/ }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Comment 1 on these words');
    await page.getByText('(not found in the text)').waitFor();
    await page.getByLabel('In your words').fill('Just right.');
    await page.getByRole('button', { name: 'Yes', exact: true }).click();
    await page.getByText('Thank you. It is kept.').waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'PDF' }).click()]);
    expect(file.suggestedFilename()).toBe('grading.pdf');
  });

  it('writes another version, and finds both among what came before', async () => {
    await open('/write');
    await handIn('We ask for two people. It pays within a year.');
    await page.getByRole('link', { name: 'Write another version' }).click();
    await page.getByText('This is another version of').waitFor();
    await handIn('We ask for two people. It pays within a month.');
    await page.getByText('Version 2').waitFor();
    await page.getByRole('link', { name: 'Results', exact: true }).first().click();
    await page.getByRole('link', { name: /within a month/ }).waitFor();
    await page.getByRole('link', { name: /within a year\.$/ }).first().waitFor();
  });

  it('is told when no grading could be made, and can hand it in again', async () => {
    await open('/write');
    await handIn('This one will fail, says whoever wrote it.');
    await page.getByRole('alert').getByText('No result could be made').waitFor();
    await page.getByRole('link', { name: 'Hand it in again' }).waitFor();
  });

  it('sees how results went, by month and by quarter', async () => {
    await open('/progress');
    await page.getByText('+0.35').first().waitFor();
    await page.getByRole('img', { name: /Overall by month/ }).waitFor();
    await page.getByLabel('For each').selectOption('quarter');
    await page.getByRole('img', { name: /Overall by quarter/ }).waitFor();
    await page.getByText('It is short.').waitFor();
  });

  it('looks at some days only, by keys, and at all of them again', async () => {
    await open('/progress?from=2020-01-01');
    await page.getByText('+0.35').first().waitFor();
    const to = page.getByLabel('To', { exact: true });
    await to.focus();
    await page.keyboard.type('01312020');
    await page.waitForURL(/to=2020-01-31/);
    await page.getByText('No results in these days').waitFor();
    // Before the first day: it is said, and not asked for.
    await page.getByLabel('From', { exact: true }).focus();
    await to.focus();
    await page.keyboard.type('12312019');
    await page.getByText('Not before 2020-01-01.').waitFor();
    expect(page.url()).not.toContain('2019');
    await page.getByRole('button', { name: 'All days' }).click();
    await page.getByText('+0.35').first().waitFor();
    expect(page.url()).not.toMatch(/from=|to=/);
  });
});
