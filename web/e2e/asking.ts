/** What walks do at a chat. */
import type { Locator, Page } from 'playwright-core';

export async function ask(page: Page, question: string): Promise<void> {
  await page.getByLabel('Question').fill(question);
  await page.keyboard.press('Enter');
}

/** The last answer, once it is whole and kept. */
export async function answered(page: Page): Promise<Locator> {
  const last = page.getByRole('article', { name: 'Answer' }).last();
  await last.getByText('Tokens', { exact: true }).waitFor();
  return last;
}
