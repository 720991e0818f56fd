/** What comes round by the clock: what is next, what came of the last time, and letting it rest. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';

import { answer, api } from '../../api/client';
import { capital, readable } from '../../api/description';
import { schedulesQuery } from '../../api/rounds';
import type { ScheduleView } from '../../api/types';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Badge, StateBadge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { span } from '../../ui/format';
import { Page } from '../../ui/Page';
import { type ShortColumn, ShortTable } from '../../ui/table/ShortTable';
import { Time } from '../../ui/Time';
import { toast, toastFault } from '../../ui/Toast';
import { LiveBadge } from '../jobs/JobsPage';
import { ScheduleSheet } from './ScheduleSheet';

const route = getRouteApi('/house/schedules');

type Row = ScheduleView & { id: string };

export default function SchedulesPage() {
  const { app, live } = useHouse();
  const { schedule } = route.useSearch();
  const navigate = useNavigate();
  const query = useQuery({ ...schedulesQuery, enabled: app.schedules.length > 0 });
  if (app.schedules.length === 0) return <NotFound />;
  const open = (name: string | undefined) => void navigate({ to: '/schedules', search: (now) => ({ tenant: now.tenant, schedule: name }), replace: true });
  const columns: ShortColumn<Row>[] = [
    {
      id: 'name',
      label: 'Schedule',
      kind: 'wrap',
      cell: (it) => (
        <>
          <Link to="/schedules" search={(now) => ({ tenant: now.tenant, schedule: it.name })} style={{ fontWeight: 540 }}>
            {readable(it.name)}
          </Link>
          <div className="quiet">{it.about}</div>
        </>
      ),
    },
    { id: 'does', label: 'Does', cell: (it) => <Does schedule={it} /> },
    { id: 'state', label: 'State', cell: (it) => <Standing schedule={it} /> },
    {
      id: 'next',
      label: 'Next runs',
      kind: 'quiet',
      cell: (it) =>
        it.paused_at || it.next_runs.length === 0 ? (
          <span className="quiet">–</span>
        ) : (
          <ul>
            {it.next_runs.slice(0, 3).map((run) => (
              <li key={run.planned_at}>
                <Time at={run.due_at} />
              </li>
            ))}
          </ul>
        ),
    },
    {
      id: 'last',
      label: 'Last run',
      cell: (it) =>
        it.last_run ? (
          <>
            <StateBadge state={it.last_run.outcome} />
            <div className="quiet">
              <Time at={it.last_run.begun_at} />
            </div>
          </>
        ) : (
          <span className="quiet">never</span>
        ),
    },
    { id: 'acts', label: 'Acts', kind: 'acts', cell: (it) => <ScheduleActs schedule={it} /> },
  ];
  return (
    <Page title="Schedules" about="What comes round by the clock." actions={<LiveBadge live={live} />}>
      <ShortTable
        label="Schedules"
        query={{ ...query, data: query.data && { items: query.data } }}
        columns={columns}
        empty={
          <Empty icon="clock" title="No schedules">
            Nothing comes round here.
          </Empty>
        }
      />
      {schedule && <ScheduleSheet name={schedule} onClose={() => open(undefined)} />}
    </Page>
  );
}

function Does({ schedule: { does } }: { schedule: ScheduleView }) {
  const { app } = useHouse();
  if (!does) return <span className="quiet">–</span>;
  if (does.kind === 'source') {
    return (
      <Link to="/sources/$source" params={{ source: does.name }}>
        Source {readable(does.name)}
      </Link>
    );
  }
  if (does.kind === 'archive') return <>Puts {app.collections[does.name]?.plural ?? readable(does.name)} away</>;
  return (
    <>
      {capital(does.kind)} {app.tasks[does.name]?.title ?? readable(does.name)}
    </>
  );
}

export function Standing({ schedule }: { schedule: ScheduleView }) {
  if (schedule.paused_at) {
    return (
      <>
        <Badge tone="warn" dot>
          Paused
        </Badge>
        <div className="quiet">
          since <Time at={schedule.paused_at} />
        </div>
      </>
    );
  }
  return schedule.late_s > 60 ? (
    <Badge tone="bad" dot>
      {span(schedule.late_s * 1000)} late
    </Badge>
  ) : (
    <Badge tone="good" dot>
      Comes round
    </Badge>
  );
}

export function ScheduleActs({ schedule }: { schedule: Pick<ScheduleView, 'name' | 'paused_at'> }) {
  const { can } = useHouse();
  const client = useQueryClient();
  const path = { params: { path: { schedule: schedule.name } } };
  const settled = () => {
    void client.invalidateQueries({ queryKey: ['schedules'] });
    void client.invalidateQueries({ queryKey: ['jobs'] });
  };
  const run = useMutation({
    mutationFn: () => answer(api.POST('/api/schedules/{schedule}/run', path)),
    onSuccess: ({ outcome, jobs }) => {
      const words = { begun: `Begun: ${jobs.length === 1 ? 'one job runs' : `${jobs.length} jobs run`}.`, busy: 'The run before is still at it; nothing was begun.', nothing: 'There was nothing to do.', missed: 'It was too late for it.' };
      toast(words[outcome], outcome === 'begun' ? 'good' : 'plain');
      settled();
    },
    onError: toastFault,
  });
  const turn = useMutation({
    mutationFn: () => answer(schedule.paused_at ? api.POST('/api/schedules/{schedule}/resume', path) : api.POST('/api/schedules/{schedule}/pause', path)),
    onSuccess: (next) => {
      toast(next.paused_at ? `${readable(next.name)} rests until it is resumed.` : `${readable(next.name)} comes round again.`, 'good');
      settled();
    },
    onError: toastFault,
  });
  if (!can('manage_schedules')) return null;
  const name = readable(schedule.name);
  return (
    <>
      <Button small icon="play" busy={run.isPending} onClick={() => run.mutate()} aria-label={`Run now: ${name}`}>
        Run now
      </Button>
      <Button small icon={schedule.paused_at ? 'undo' : 'pause'} busy={turn.isPending} onClick={() => turn.mutate()} aria-label={`${schedule.paused_at ? 'Resume' : 'Pause'} ${name}`}>
        {schedule.paused_at ? 'Resume' : 'Pause'}
      </Button>
    </>
  );
}
