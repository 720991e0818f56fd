/** What a question found: a picture where one says more than a table, and the table. */
import { lazy, Suspense, useMemo } from 'react';

import { counted, readable } from '../../api/description';
import type { QuestionResult } from '../../api/types';
import { Bars } from '../../ui/Bars';
import { number } from '../../ui/format';
import { figureOf, tableOf, textIn } from './figures';

const Lines = lazy(() => import('../../ui/Lines'));
/** A few rows are shown at once, more when they are asked for. */
const FEW = 5;

export function Found({ result }: { result: QuestionResult }) {
  const figure = useMemo(() => figureOf(result), [result]);
  const { columns, rows } = tableOf(result);
  if (rows.length === 0) return <p className="quiet">Nothing was found.</p>;
  const table = (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="grid-scroll found__table" role="region" aria-label="What was found" tabIndex={0}>
      <table className="grid">
        <thead>
          <tr>
            {columns.map((it) => (
              <th key={it} scope="col">
                {readable(it)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((it, column) => (
                <td key={column} className={typeof it === 'number' ? 'right' : 'wrap'}>
                  {typeof it === 'number' ? it.toLocaleString('en', { maximumFractionDigits: 2 }) : textIn(it)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
  return (
    <div className="stack">
      {figure?.kind === 'bars' && <Bars label={figure.label} rows={figure.rows.map((it) => ({ key: it.name, value: it.value, text: number(it.value) }))} />}
      {figure?.kind === 'time' && (
        <Suspense fallback={<div className="plot" />}>
          <Lines days={figure.days} lines={figure.lines} label={figure.label} format={number} />
        </Suspense>
      )}
      {figure || rows.length > FEW ? (
        <details>
          <summary className="quiet">{counted(result.row_count, 'row', 'rows')} as a table</summary>
          {table}
        </details>
      ) : (
        table
      )}
      {result.is_cut && <p className="quiet">There is more than this: only the first rows were taken.</p>}
    </div>
  );
}
