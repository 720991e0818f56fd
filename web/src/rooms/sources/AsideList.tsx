import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { readable } from '../../api/description';
import { sourceAsidesQuery } from '../../api/rounds';
import type { SourceAside } from '../../api/types';
import { useHouse } from '../../app/house';
import { JsonText } from '../../ui/CodeText';
import { Dialog } from '../../ui/Dialog';
import { Empty } from '../../ui/Empty';
import { number } from '../../ui/format';
import type { Column } from '../../ui/table/DataTable';
import { ListTable } from '../../ui/table/ListTable';
import { Time } from '../../ui/Time';
import './sources.css';

type Row = SourceAside & { id: string };

const COLUMNS: Column<Row>[] = [
  { id: 'item', label: 'What', width: 220, cell: (it) => <span className="cut" title={it.item}>{it.item}</span> },
  { id: 'step', label: 'At', width: 110, cell: (it) => readable(it.step) },
  { id: 'reason', label: 'Why', width: 300, grows: true, cell: (it) => <span className="cut" title={it.reason}>{it.reason}</span> },
  { id: 'attempts', label: 'Tries', width: 70, align: 'right', cell: (it) => <span className="number">{number(it.attempts)}</span> },
  { id: 'last', label: 'Last', width: 130, cell: (it) => <span className="quiet"><Time at={it.last_at} /></span> },
  { id: 'due', label: 'Tried again', width: 130, cell: (it) => <span className="quiet"><Time at={it.due_at} /></span> },
];

/** What a source found and could not make a record of. It is tried again by itself. */
export function AsideList({ source }: { source: string }) {
  const { tenant } = useHouse();
  const [open, setOpen] = useState<Row | null>(null);
  const query = useInfiniteQuery(sourceAsidesQuery(source, tenant));
  return (
    <div className="sources__list">
      <ListTable
        label="Kept aside"
        noun="thing"
        plural="things"
        columns={COLUMNS}
        query={query}
        onOpen={setOpen}
        empty={
          <Empty icon="check" title="Nothing is kept aside">
            Everything that was found became a record.
          </Empty>
        }
      />
      {open && (
        <Dialog open onClose={() => setOpen(null)} shape="side" title="Kept aside" about={open.item}>
          <div className="stack">
            <p className="wrap">{open.reason}</p>
            <dl className="facts">
              <dt>At</dt>
              <dd>{readable(open.step)}</dd>
              <dt>First</dt>
              <dd>
                <Time at={open.first_at} exact />
              </dd>
              <dt>Last</dt>
              <dd>
                <Time at={open.last_at} exact />
              </dd>
              <dt>Tried again</dt>
              <dd>
                <Time at={open.due_at} exact />
              </dd>
            </dl>
            <JsonText value={open.fields} label="What was found" />
          </div>
        </Dialog>
      )}
    </div>
  );
}
