/** What a person does with what comes in and comes round: sources, schedules, archives, the configuration, a calendar. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { type Place, settled } from './browser';
import { inside } from './stage';

describe.skipIf(process.env.MAINSTAY_E2E_URL)('a person who looks after what comes in', () => {
  let at: Place;
  let page: Page;
  inside('letters', (stage) => ({ at, page } = stage));

  const open = async (path: string) => {
    await page.goto(`${at.url}${path}`);
    await settled(page);
  };

  it('sees how sources stand, validates one, and sees its run become whole', async () => {
    await page.getByRole('link', { name: 'Sources', exact: true }).click();
    await page.getByText('Failing').waitFor();
    await page.getByText('12 new, 3 changed, 1 fault').waitFor();
    await page.getByRole('link', { name: 'Exchange' }).click();
    await page.getByRole('button', { name: 'More ways to run Exchange' }).click();
    await page.getByRole('menuitem', { name: 'Validate: write nothing' }).click();
    const sheet = page.getByRole('dialog', { name: 'A run of Exchange' });
    await sheet.getByText('This run wrote nothing').waitFor();
    await sheet.getByText('Completed', { exact: true }).first().waitFor();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: /Kept aside/ }).click();
    await page.getByText('called_at is no moment').click();
    await page.getByRole('dialog', { name: 'Kept aside' }).getByText('"yesterday"').waitFor();
  });

  it('clears what is kept with a tag, and nothing else', async () => {
    await open('/sources?tab=kept');
    await page.getByText('83 %').first().waitFor();
    await page.getByLabel('Tag', { exact: true }).fill('feed');
    await page.keyboard.press('Enter');
    await page.waitForURL(/tag=feed/);
    await page.getByRole('button', { name: 'Clear what fits' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Clear' }).click();
    await page.getByText('1 entry was removed.').waitFor();
    await page.getByText('Nothing fits').waitFor();
    await open('/sources?tab=kept');
    expect(await page.getByText('https://exchange.example/calls').count()).toBe(2);
  });

  it('tries a look-up: what is said, what is kept, and that nobody answered', async () => {
    await open('/sources?tab=lookups');
    await page.getByText('How long callers wait on this subject now.').waitFor();
    await page.getByRole('button', { name: 'Try Waiting time' }).click();
    const sheet = page.getByRole('dialog', { name: 'Waiting time' });
    expect(await sheet.getByRole('button', { name: 'Ask', exact: true }).isDisabled()).toBe(true);
    const ask = async (of: string) => {
      await sheet.getByLabel(/^Ask about a call/).click();
      await page.getByRole('combobox').fill(of);
      await page.getByRole('option', { name: new RegExp(`^${of} 1?\\d\\b`) }).first().click();
      await sheet.getByRole('button', { name: 'Ask', exact: true }).click();
    };
    await ask('Invoice');
    await sheet.getByText('Said outside').waitFor();
    await sheet.getByText('7.5').waitFor();
    await ask('Moving');
    await sheet.getByText('Kept', { exact: true }).waitFor();
    await ask('Fault');
    await sheet.getByRole('alert').getByText('Nobody answered').first().waitFor();
    await ask('Contract');
    await sheet.getByText('Nobody is asked about this one').waitFor();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
  });

  it('pauses a schedule, resumes it, runs it now', async () => {
    await open('/schedules');
    await page.getByText('11 min 40 s late').waitFor();
    await page.getByRole('button', { name: 'Pause Nightly' }).click();
    await page.getByText('Paused', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Resume Nightly' }).click();
    await page.getByRole('button', { name: 'Pause Nightly' }).waitFor();
    await page.getByRole('button', { name: 'Run now: Nightly' }).click();
    await page.getByText('Begun: one job runs.').waitFor();
    await page.getByRole('link', { name: 'Nightly' }).click();
    await page.getByRole('dialog').getByText('are made up for by one').waitFor();
  });

  it('puts away what is due, and brings some of it back', async () => {
    await open('/archives');
    await page.getByRole('button', { name: 'Put away what is due' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Put away' }).click();
    await page.getByText('What is due is put away.').waitFor();
    await page.getByRole('link', { name: '120 calls' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Only these records').fill('11111111-1111-4111-8111-111111111111');
    await sheet.getByRole('button', { name: 'Bring 1 record back' }).click();
    await page.getByText('They are brought back.').waitFor();
  });

  it('changes a document, and is led to what is wrong before it is in force', async () => {
    await open('/configuration');
    await page.getByRole('link', { name: 'Rubric' }).click();
    await page.getByText('One value is never shown').waitFor();
    await page.getByRole('tab', { name: 'Change', exact: true }).click();
    const text = page.getByLabel('The text as it is to be');
    await text.fill('total_weight: 100\ncriteria:\n  - {key: structure, weight: 70}\n');
    await page.getByText('The application would not start with it: 1 error.').waitFor();
    await page.getByLabel('Why').fill('Tone counts for nothing.');
    expect(await page.getByRole('button', { name: 'Put in force' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Go to line 3' }).click();
    await expect.poll(() => text.evaluate((it) => [document.activeElement === it, (it as HTMLTextAreaElement).selectionStart])).toEqual([true, 30]);
  });

  it('puts a text in force, sees in the history what it changed, and goes back', async () => {
    await open('/configuration/rubric?tab=edit');
    await page.getByLabel('The text as it is to be').fill('total_weight: 100\ncriteria:\n  - {key: structure, weight: 100}\n');
    await page.getByLabel('Why').fill('One criterion is enough.');
    await page.getByRole('button', { name: 'Put in force' }).click();
    await page.getByText('Version 1 is in force.').waitFor();
    await page.getByRole('tab', { name: 'History' }).click();
    const version = page.getByRole('listitem', { name: 'Version 1', exact: true });
    await version.getByText('One criterion is enough.').waitFor();
    await version.getByRole('button', { name: 'What it changed' }).click();
    await page.getByRole('region', { name: 'What version 1 changed' }).getByText('+   - {key: structure, weight: 100}').waitFor();
    await page.getByRole('button', { name: 'Back to the file' }).click();
    await page.getByRole('dialog').getByLabel('Why').fill('It was not enough.');
    await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
    await page.getByText('The file is in force').waitFor();
    await page.getByRole('button', { name: 'Go back to version 1' }).waitFor();
  });

  it('looks into a zip of documents before it is taken in', async () => {
    await open('/configuration');
    await page.getByRole('button', { name: 'Import' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByRole('button', { name: 'Import' }).isDisabled()).toBe(true);
    await dialog.getByLabel('The zip').setInputFiles({ name: 'all.zip', mimeType: 'application/zip', buffer: Buffer.from('PK') });
    await dialog.getByRole('button', { name: 'Only check it' }).click();
    await dialog.getByText('Would be changed').waitFor();
    await dialog.getByRole('button', { name: 'Import' }).click();
    await page.getByText('1 document is changed.').waitFor();
  });

  it('looks at calls by their days, leafs, and sees how many there were', async () => {
    await open('/data/calls');
    await page.getByRole('navigation', { name: 'Ways to look' }).getByRole('button', { name: 'Calendar' }).click();
    await page.getByRole('table').waitFor();
    await page.getByRole('button', { name: 'The month before' }).click();
    await page.waitForURL(/month=/);
    await page.getByRole('button', { name: 'As a list' }).click();
    await page.getByRole('link', { name: /^(Invoice|Moving|Fault|Contract) \d+$/ }).first().waitFor();
    await page.getByLabel('Mood', { exact: true }).selectOption('bad');
    await page.waitForURL(/by=/);
    await page.getByRole('button', { name: 'Over time' }).click();
    await page.getByLabel('Parted by').selectOption('mood');
    await page.getByRole('img', { name: /Good, Bad/ }).waitFor();
    await page.getByText('The numbers as a table').click();
    await page.getByRole('columnheader', { name: 'Good' }).waitFor();
  });

  it('sees who still calls old paths, and reads the help', async () => {
    await page.getByRole('link', { name: 'Old paths' }).click();
    await page.getByText('GET /v1/calls').waitFor();
    await page.getByRole('cell', { name: '200' }).waitFor();
    await page.getByRole('link', { name: 'Help', exact: true }).click();
    await page.getByRole('heading', { name: 'What makes a letter good' }).waitFor();
    await page.getByLabel('Language').selectOption('nl');
    await page.getByRole('heading', { name: 'Wat een brief goed maakt' }).waitFor();
  });
});
