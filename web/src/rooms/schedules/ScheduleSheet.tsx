import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { counted, readable } from '../../api/description';
import { scheduleQuery } from '../../api/rounds';
import type { PastRun, ScheduleView } from '../../api/types';
import { StateBadge } from '../../ui/Badge';
import { Dialog } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { span } from '../../ui/format';
import { Time } from '../../ui/Time';
import { PersonName } from '../access/PersonName';
import { ScheduleActs, Standing } from './SchedulesPage';

const MISSED = { skip: 'left out', once: 'made up for by one', all: 'each made up for' };

/** A schedule in full, with its last runs. */
export function ScheduleSheet({ name, onClose }: { name: string; onClose: () => void }) {
  const query = useQuery(scheduleQuery(name));
  return (
    <Dialog open onClose={onClose} shape="side" title={readable(name)} about={query.data?.about} foot={query.data && <ScheduleActs schedule={query.data} />}>
      {query.isPending ? <Skeleton lines={8} /> : query.isError && !query.data ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : <Whole schedule={query.data} />}
    </Dialog>
  );
}

function Whole({ schedule }: { schedule: ScheduleView }) {
  return (
    <div className="stack stack--wide">
      <dl className="facts">
        <dt>State</dt>
        <dd>
          <Standing schedule={schedule} />
        </dd>
        {schedule.paused_by && (
          <>
            <dt>Paused by</dt>
            <dd>
              <PersonName id={schedule.paused_by} />
            </dd>
          </>
        )}
        <dt>Comes round</dt>
        <dd>
          <code>{schedule.every}</code> in {schedule.timezone}
        </dd>
        {schedule.jitter_s > 0 && (
          <>
            <dt>Up to later</dt>
            <dd>{span(schedule.jitter_s * 1000)}</dd>
          </>
        )}
        {schedule.off_peak && (
          <>
            <dt>Only within</dt>
            <dd>{schedule.off_peak}</dd>
          </>
        )}
        <dt>Missed runs</dt>
        <dd>are {MISSED[schedule.missed]}</dd>
      </dl>
      <section className="stack" aria-label="Next runs">
        <h3>Next runs</h3>
        {schedule.paused_at ? (
          <p className="quiet">None while it is paused.</p>
        ) : (
          <ul>
            {schedule.next_runs.map((it) => (
              <li key={it.planned_at}>
                <Time at={it.due_at} exact />
                {it.due_at !== it.planned_at && (
                  <span className="quiet">
                    {' '}
                    (planned <Time at={it.planned_at} exact />)
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
      </section>
      <section className="stack" aria-label="Last runs">
        <h3>Last runs</h3>
        {(schedule.runs ?? []).length === 0 ? <p className="quiet">It has not come round yet.</p> : <ul className="stack">{schedule.runs?.map((it) => <Past key={it.planned_at} run={it} />)}</ul>}
      </section>
    </div>
  );
}

function Past({ run }: { run: PastRun }) {
  return (
    <li>
      <span className="row">
        <StateBadge state={run.outcome} />
        <Time at={run.begun_at} exact />
        {run.late_s > 60 && <span className="quiet">{span(run.late_s * 1000)} late</span>}
        {run.missed > 0 && <span className="quiet">{counted(run.missed, 'run was', 'runs were')} missed before</span>}
        {run.asked_by && (
          <span className="quiet">
            asked for by <PersonName id={run.asked_by} />
          </span>
        )}
      </span>
      {run.jobs.length > 0 && (
        <ul className="row">
          {run.jobs.map((job) => (
            <li key={job.id} className="row">
              <Link to="/jobs/$job" params={{ job: job.id }}>
                {job.id.slice(0, 8)}
              </Link>
              {job.state && <StateBadge state={job.state} />}
            </li>
          ))}
          {run.job_count > run.jobs.length && <li className="quiet">and {run.job_count - run.jobs.length} more</li>}
        </ul>
      )}
    </li>
  );
}
