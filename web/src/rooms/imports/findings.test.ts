import { expect, it } from 'vitest';

import { findingsIn } from './findings';

const rows = { read: 3, kept: 2, skipped: 1, warned: 0 };

it('what was found in a list is read out of the result of its job', () => {
  const report = [{ row: 4, level: 'error', code: 'empty_required', message: 'The label is empty.' }];
  expect(findingsIn({ version: 'v', rows, report })).toEqual({ rows, report });
});

it('a job that read no list leaves none', () => {
  expect(findingsIn({ proposals: 3, rows: [] })).toBeNull();
  expect(findingsIn({ rows, report: null })).toBeNull();
});
