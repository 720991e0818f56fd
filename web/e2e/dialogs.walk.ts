/** What opens over a page, or appears only after an act: axe looks at that too, in light and dark. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { lookedAt, tooWide } from './axe';
import { browser, context, LOOKS, place, type Place, settled, signIn } from './browser';

const CSV = 'name,notes,use,size,colour\nBall valve 15 mm,full bore,indoor,15,red\n,no name,indoor,20,\nElbow 90,grey,galley,32,grey';

type Step = (page: Page, at: Place) => Promise<unknown>;

const MAIN: Step = async (page, at) => {
  await page.goto(`${at.url}/data/price_lists`);
  await page.getByRole('link', { name: 'Main list 2026' }).click();
  await page.waitForURL(/records/);
  await settled(page);
};

const STEPS: Record<string, Step> = {
  palette: async (page, at) => {
    await page.goto(at.url);
    await settled(page);
    await page.keyboard.press('Control+k');
    await page.getByLabel('Go to a page or a record').fill('nord');
    await page.getByRole('option', { name: /Nordwind/ }).waitFor();
  },
  shortcuts: async (page, at) => {
    await MAIN(page, at);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
  },
  faults: async (page, at) => {
    await page.goto(`${at.url}/data/families`);
    await page.getByRole('button', { name: 'New family' }).click();
    await page.getByLabel('Code *').fill('x');
    await page.getByRole('button', { name: 'Create family' }).click();
    await page.getByText('This is needed.').waitFor();
  },
  picker: async (page, at) => {
    await page.goto(`${at.url}/data/policies`);
    await page.getByRole('button', { name: 'New policy' }).click();
    await page.getByLabel('Customer *').click();
    await page.getByRole('option').first().waitFor();
  },
  menu: async (page, at) => {
    await MAIN(page, at);
    await page.getByRole('button', { name: /^Export/ }).click();
    await page.getByRole('menu').waitFor();
  },
  confirm: async (page, at) => {
    await MAIN(page, at);
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: /^Delete/ }).click();
    await page.getByRole('dialog').waitFor();
  },
  entry: async (page, at) => {
    await page.goto(`${at.url}/audit`);
    await page.getByText('Changed the policy Family first').first().click();
    await page.getByRole('dialog').waitFor();
  },
  erase: async (page, at) => {
    await page.goto(`${at.url}/users`);
    await page.getByRole('button', { name: /^More/ }).last().click();
    await page.getByRole('menuitem', { name: 'Erase for good' }).click();
    await page.getByRole('list', { name: 'What goes' }).getByText('Chats: 2').waitFor();
  },
  acts: async (page, at) => {
    await page.goto(`${at.url}/audit`);
    await page.getByRole('button', { name: 'Action: Any action' }).click();
    await page.getByRole('option', { name: /^Key created/ }).waitFor();
  },
  limited: async (page, at) => {
    const problem = { type: '/docs#rate_limited', title: 'Too many requests', status: 429, code: 'rate_limited', detail: 'Too many sign-ins.', request_id: 'req_1' };
    await page.route('**/api/auth/login', (route) => route.fulfill({ status: 429, headers: { 'retry-after': '42' }, contentType: 'application/problem+json', body: JSON.stringify(problem) }));
    await page.goto(`${at.url}/sign-in`);
    await page.getByLabel('E-mail').fill(at.email);
    await page.getByLabel('Password').fill(at.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('timer').getByText(/^4\d s$/).waitFor();
  },
  selected: async (page, at) => {
    await MAIN(page, at);
    await page.getByRole('link', { name: 'Proposals' }).click();
    await page.getByText('47 proposals', { exact: true }).waitFor();
    for (const key of ['x', 'j', 'x', 'Enter']) await page.keyboard.press(key);
    await page.getByText('2 proposals selected').waitFor();
    await page.getByRole('button', { name: 'Less' }).waitFor();
  },
  preview: async (page, at) => {
    await page.goto(`${at.url}/data/price_lists/import?tenant=ten_nordwind`);
    await page.getByLabel('File', { exact: true }).setInputFiles({ name: 'new_stock.csv', mimeType: 'text/csv', buffer: Buffer.from(CSV) });
    await page.getByText('4 of 5 recognised').waitFor();
  },
  refused: async (page, at) => {
    await page.goto(`${at.url}/records/gone`);
    await page.getByRole('alert').waitFor();
  },
  tests: async (page, at) => {
    await page.goto(`${at.url}/models`);
    await page.getByRole('button', { name: 'Test all' }).click();
    await page.getByText('1 of 4 did not answer.').waitFor();
  },
  budget: async (page, at) => {
    await page.goto(`${at.url}/models?tab=budgets`);
    await page.getByRole('button', { name: 'Change house' }).click();
    await page.getByLabel('At the limit').selectOption('downgrade');
    await page.getByRole('button', { name: 'Save budget' }).click();
    await page.getByText('Which model is asked then?').waitFor();
  },
  said: async (page, at) => {
    await page.goto(`${at.url}/models?tab=playground`);
    await page.getByLabel('Question').fill('What is a ball valve?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByText('Cost', { exact: true }).waitFor();
  },
  failed: async (page, at) => {
    await page.goto(`${at.url}/models?tab=playground`);
    const settings = page.getByText('Settings', { exact: true });
    await settings.waitFor();
    if (!(await page.getByLabel('System prompt').isVisible())) await settings.click();
    await page.getByLabel('Model', { exact: true }).click();
    await page.getByRole('option', { name: /huggingface/ }).click();
    await page.getByLabel('Question').fill('And a gate valve?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByRole('alert').waitFor();
  },
  uploads: async (page, at) => {
    await page.goto(`${at.url}/documents?tenant=ten_nordwind`);
    await page.getByText(/^For these files/).click();
    await page.getByLabel('Files', { exact: true }).setInputFiles(['notes.txt', 'a-scan.pdf', 'picture.png'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('A few words.') })));
    await page.getByRole('region', { name: 'Uploads' }).getByText(/pictures without text/).waitFor();
  },
  write: async (page, at) => {
    await page.goto(`${at.url}/documents`);
    await page.getByRole('button', { name: 'Add a text or a page' }).click();
    await page.getByRole('menuitem', { name: 'A site' }).click();
    await page.getByRole('dialog').waitFor();
  },
  found: async (page, at) => {
    await page.goto(`${at.url}/documents?q=valve%20pipe&tenant=ten_nordwind`);
    await page.getByText('No model for embeddings').waitFor();
  },
  passage: async (page, at) => {
    await page.goto(`${at.url}/documents?q=hexagon&tenant=ten_nordwind`);
    await page.getByRole('link', { name: /Hold the valve/ }).click();
    await page.locator('mark').waitFor();
  },
  unread: async (page, at) => {
    await page.goto(`${at.url}/documents?state=failed&tenant=ten_nordwind`);
    await page.getByRole('link', { name: 'Price list 1998 (scan)' }).click();
    await page.getByText('Pictures only: its 4 pages hold no text.').waitFor();
  },
  edit: async (page, at) => {
    await page.goto(`${at.url}/documents?tenant=ten_nordwind`);
    await page.getByRole('link', { name: 'Ball valves: fitting and care' }).click();
    await page.getByRole('button', { name: 'Edit the summary' }).click();
    await page.getByRole('dialog').waitFor();
  },
  running: async (page, at) => {
    await MAIN(page, at);
    await page.getByRole('link', { name: 'Tasks' }).click();
    await page.getByRole('button', { name: 'Run: Review' }).click();
    await page.getByText('Locked', { exact: true }).waitFor();
  },
};

/** The same in an application that fetches, asks outside and is changed while it runs. */
const ROUNDS: Record<string, Step> = {
  'looked-up': async (page, at) => {
    await lookUp(page, at, 'Invoice');
    await page.getByText('Said outside').waitFor();
  },
  unanswered: async (page, at) => {
    await lookUp(page, at, 'Fault');
    await page.getByRole('alert').waitFor();
  },
  'some-days': async (page, at) => {
    await page.goto(`${at.url}/progress?from=2020-01-01&to=2020-01-31`);
    await page.getByText('No results in these days').waitFor();
    await page.getByLabel('To', { exact: true }).fill('2019-12-31');
    await page.getByText('Not before 2020-01-01.').waitFor();
  },
  faulty: async (page, at) => {
    await page.goto(`${at.url}/configuration/rubric?tab=edit`);
    await page.getByLabel('The text as it is to be').fill('total_weight: 100\ncriteria:\n  - {key: structure, weight: 70}\n');
    await page.getByText('The application would not start with it: 1 error.').waitFor();
  },
  changed: async (page, at) => {
    await page.goto(`${at.url}/configuration/rubric?tab=edit`);
    await page.getByLabel('The text as it is to be').fill('total_weight: 100\ncriteria:\n  - {key: structure, weight: 100}\n');
    await page.getByLabel('Why').fill('One criterion is enough.');
    await page.getByRole('button', { name: 'Put in force' }).click();
    await page.getByText(/^Version \d is in force\.$/).waitFor();
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByRole('button', { name: 'What it changed' }).first().click();
    await page.getByRole('region', { name: /What version \d changed/ }).waitFor();
  },
  back: async (page) => {
    await page.getByRole('button', { name: 'Back to the file' }).click();
    await page.getByRole('dialog').getByLabel('Why').fill('It was not enough.');
    await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
    await page.getByText('The file is in force').waitFor();
  },
};

async function lookUp(page: Page, at: Place, of: string): Promise<void> {
  await page.goto(`${at.url}/sources?tab=lookups&lookup=waiting`);
  await page.getByLabel(/^Ask about a call/).click();
  await page.getByRole('combobox').fill(of);
  await page.getByRole('option', { name: new RegExp(`^${of}`) }).first().click();
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
}

for (const [application, steps] of [['catalogue', STEPS], ['letters', ROUNDS]] as const) {
  describe.skipIf(process.env.MAINSTAY_E2E_URL)(`what opens over a page of ${application}`, () => {
    let at: Place;
    let chromium: Browser;
    beforeAll(async () => {
      at = await place(application);
      chromium = await browser();
    });
    afterAll(async () => {
      await chromium.close();
      await at.close();
    });

    for (const look of LOOKS.filter((it) => it.width > 1000 || it.scheme === 'dark')) {
      it(`${look.scheme}, ${look.width} wide: axe finds nothing serious`, async () => {
        const session = await context(chromium, look);
        const page = await session.newPage();
        page.setDefaultTimeout(12_000);
        await signIn(page, at);
        const findings: string[] = [];
        for (const [name, step] of Object.entries(steps)) {
          await step(page, at);
          await page.waitForTimeout(250);
          findings.push(...(await lookedAt(page, name, look, 'over')), ...(await tooWide(page, name)));
        }
        await session.close();
        expect(findings).toEqual([]);
      });
    }
  });
}
