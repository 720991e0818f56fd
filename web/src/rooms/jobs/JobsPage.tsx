import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';

import { capital, readable } from '../../api/description';
import { jobsQuery } from '../../api/queries';
import type { JobView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge, StateBadge } from '../../ui/Badge';
import { Choice } from '../../ui/Choice';
import { Empty } from '../../ui/Empty';
import { span } from '../../ui/format';
import { Page } from '../../ui/Page';
import { Progress } from '../../ui/Progress';
import { Time } from '../../ui/Time';
import type { Column } from '../../ui/table/DataTable';
import { rowsOf } from '../../ui/table/cursor';
import { ListTable } from '../../ui/table/ListTable';
import { RecordLink } from '../records/Value';
import { TenantName } from '../tenants/TenantName';
import './jobs.css';

const route = getRouteApi('/house/jobs');
const STATES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;

export default function JobsPage() {
  const { app, tenant, allTenants, live } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate();
  const state = STATES.find((it) => it === search.state);
  const query = useInfiniteQuery({ ...jobsQuery({ tenant, state, kind: search.kind }), refetchInterval: live ? 30_000 : 5_000 });
  const rows = rowsOf(query.data);
  // Narrowed by the engine's names, read by the application's.
  const kinds = new Map(rows.map((it) => [it.engine_kind, it.kind] as const));
  const set = (next: Partial<typeof search>) => void navigate({ to: '/jobs', search: (now) => ({ ...now, ...next }), replace: true });

  const columns = useMemo<Column<JobView>[]>(
    () => [
      {
        id: 'kind',
        label: 'Job',
        width: 190,
        cell: (job) => (
          <Link to="/jobs/$job" params={{ job: job.id }} className="cut" style={{ fontWeight: 540 }}>
            {readable(job.kind)}
          </Link>
        ),
      },
      { id: 'state', label: 'State', width: 120, cell: (job) => <StateBadge state={job.state} /> },
      {
        id: 'progress',
        label: 'Progress',
        width: 160,
        cell: (job) =>
          job.state === 'running' ? (
            <>
              <Progress value={job.progress} label={`Progress of ${readable(job.kind)}`} />
              <span className="number">{job.progress}%</span>
            </>
          ) : (
            <span className="quiet">{job.state === 'pending' ? 'waits' : `${job.progress}%`}</span>
          ),
      },
      { id: 'subject', label: 'About', width: 210, cell: (job) => (job.subject ? <RecordLink id={job.subject} /> : <span className="quiet">–</span>) },
      ...(allTenants ? [{ id: 'tenant', label: capital(app.tenants?.noun ?? 'tenant'), width: 170, cell: (job: JobView) => <TenantName id={job.tenant} /> }] : []),
      { id: 'message', label: 'Message', width: 280, grows: true, cell: (job) => <span className="cut soft">{job.error?.message ?? job.message}</span> },
      { id: 'took', label: 'Took', width: 110, align: 'right', cell: (job) => <span className="quiet">{job.started_at && job.completed_at ? span(Date.parse(job.completed_at) - Date.parse(job.started_at)) : '–'}</span> },
      { id: 'created', label: 'Begun', width: 130, cell: (job) => <span className="quiet"><Time at={job.created_at} /></span> },
    ],
    [allTenants, app],
  );

  return (
    <Page fill title="Jobs" about="What runs in the background: imports, tasks, changes." actions={<LiveBadge live={live} />}>
      <div className="toolbar">
        <Choice label="State" none="Any state" options={STATES} words={readable} value={state} onChange={(it) => set({ state: it })} />
        <Choice label="Kind" none="Any kind" options={[...kinds.keys()]} words={(it) => readable(kinds.get(it) ?? it)} value={search.kind} onChange={(it) => set({ kind: it })} />
      </div>
      <ListTable
        label="Jobs"
        noun="job"
        plural="jobs"
        columns={columns}
        query={query}
        onOpen={(job) => void navigate({ to: '/jobs/$job', params: { job: job.id } })}
        empty={
          <Empty icon="jobs" title="No jobs">
            Imports and tasks appear here while they run, and stay for a while after.
          </Empty>
        }
      />
    </Page>
  );
}

/** Whether the page hears of changes at once, or asks every few seconds. */
export function LiveBadge({ live }: { live: boolean }) {
  return (
    <span title={live ? 'Changes are shown at once.' : 'The live stream is closed: the page asks every few seconds.'}>
      <Badge tone={live ? 'good' : 'warn'} dot>
        {live ? 'Live' : 'Polling'}
      </Badge>
    </span>
  );
}
