import { expect, it } from 'vitest';

import { toCsv } from './csv';

it('a report is written as CSV, and no cell of it runs as a formula', () => {
  const csv = toCsv([{ row: 3, column: 'a,b', level: 'error', code: 'empty', message: '=CMD("x")' }]);
  expect(csv.split('\r\n')[1]).toBe(`3,error,"a,b",empty,"'=CMD(""x"")"`);
});
