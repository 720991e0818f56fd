import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { isUnderWay, sourceRunsQuery } from '../../api/rounds';
import type { SourceRun } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge, StateBadge } from '../../ui/Badge';
import { Empty } from '../../ui/Empty';
import { number, span } from '../../ui/format';
import type { Column } from '../../ui/table/DataTable';
import { ListTable } from '../../ui/table/ListTable';
import { Time } from '../../ui/Time';
import { PersonName } from '../access/PersonName';
import { countWords, flagWords } from './words';
import './sources.css';

/** The runs of a source, the newest first. */
export function RunList({ source, onOpen }: { source: string; onOpen: (job: string) => void }) {
  const { tenant, live } = useHouse();
  const query = useInfiniteQuery({
    ...sourceRunsQuery(source, tenant),
    refetchInterval: ({ state }) => (state.data?.pages[0]?.items.some((it) => isUnderWay(it.state)) ? 2_000 : live ? 30_000 : 5_000),
  });
  const columns = useMemo<Column<SourceRun>[]>(
    () => [
      {
        id: 'begun',
        label: 'Begun',
        width: 150,
        cell: (run) => (
          <button type="button" className="linklike" onClick={() => onOpen(run.job)}>
            <Time at={run.started_at ?? run.created_at} />
          </button>
        ),
      },
      { id: 'state', label: 'State', width: 120, cell: (run) => <StateBadge state={run.state} /> },
      {
        id: 'what',
        label: 'What came of it',
        width: 280,
        grows: true,
        cell: (run) => (
          <>
            <span className="cut">{countWords(run.counts)}</span>
            {flagWords(run.flags).map((it) => (
              <Badge key={it}>{it}</Badge>
            ))}
          </>
        ),
      },
      { id: 'rows', label: 'Rows', width: 80, align: 'right', cell: (run) => <span className="number">{number(run.counts.rows)}</span> },
      { id: 'findings', label: 'Findings', width: 90, align: 'right', cell: (run) => <span className="number">{number(run.findings.length)}</span> },
      { id: 'took', label: 'Took', width: 100, align: 'right', cell: (run) => <span className="quiet">{run.duration_ms === null ? '–' : span(run.duration_ms)}</span> },
      { id: 'by', label: 'By', width: 150, cell: (run) => <PersonName id={run.created_by} /> },
    ],
    [onOpen],
  );
  return (
    <div className="sources__list">
      <ListTable
        label="Runs"
        noun="run"
        plural="runs"
        columns={columns}
        query={query}
        onOpen={(run) => onOpen(run.job)}
        empty={
          <Empty icon="history" title="No runs yet">
            It begins by its schedule, or when somebody runs it.
          </Empty>
        }
      />
    </div>
  );
}
