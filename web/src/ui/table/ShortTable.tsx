/**
 * A short list as a table: read whole, each row as high as it needs. A list that has no end is a
 * {@link DataTable}.
 */
import type { ReactNode } from 'react';

import { Skeleton } from '../Empty';
import { ErrorNote } from '../ErrorNote';

export interface ShortColumn<T> {
  id: string;
  label: string;
  cell: (row: T) => ReactNode;
  /** `quiet` for what is seldom looked at, `wrap` for long words, `acts` for buttons, which need no head. */
  kind?: 'quiet' | 'wrap' | 'acts';
}

/** What is known of the list so far: as much of a query's result as is needed here. */
export interface Reading<T> {
  data: { items: T[] } | undefined;
  isPending: boolean;
  isError: boolean;
  error: unknown;
  refetch: () => unknown;
}

interface Props<T> {
  label: string;
  query: Reading<T>;
  columns: (ShortColumn<T> | false)[];
  /** Instead of a table without rows. */
  empty?: ReactNode;
  /** It lies in a card already. */
  inCard?: boolean;
}

export function ShortTable<T extends { id: string }>({ label, query, columns, empty, inCard = false }: Props<T>) {
  const padded = (content: ReactNode) => (inCard ? <div style={{ padding: 16 }}>{content}</div> : content);
  if (query.isPending) return padded(<Skeleton lines={4} />);
  if (query.isError) return padded(<ErrorNote error={query.error} retry={() => void query.refetch()} />);

  const rows = query.data?.items ?? [];
  if (rows.length === 0 && empty) return inCard ? empty : <div className="card">{empty}</div>;
  const shown = columns.filter((it) => it !== false);
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={inCard ? 'grid-scroll' : 'card grid-scroll'} role="region" aria-label={label} tabIndex={0}>
      <table className="grid">
        <thead>
          <tr>
            {shown.map((it) => (
              <th key={it.id} scope="col">
                {it.kind === 'acts' ? <span className="unseen">{it.label}</span> : it.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              {shown.map((it) => (
                <td key={it.id} className={it.kind}>
                  {it.kind === 'acts' ? <span className="row row--end">{it.cell(row)}</span> : it.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
