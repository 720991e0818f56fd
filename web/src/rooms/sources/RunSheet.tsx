import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { sourceRunQuery } from '../../api/rounds';
import type { SourceEntry, SourceRun } from '../../api/types';
import { useJob } from '../../app/jobs';
import { Badge, StateBadge } from '../../ui/Badge';
import { Dialog } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { number, span } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Progress } from '../../ui/Progress';
import { Time } from '../../ui/Time';
import { COUNTS, flagWords } from './words';

/** A run of a source: what it counted and what it found, while it is at it and afterwards. */
export function RunSheet({ source, job, onClose }: { source: Pick<SourceEntry, 'name' | 'title'>; job: string; onClose: () => void }) {
  const query = useQuery(sourceRunQuery(source.name, job));
  return (
    <Dialog open onClose={onClose} shape="side" title={`A run of ${source.title}`}>
      {query.isPending ? <Skeleton lines={8} /> : query.isError && !query.data ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : <Run run={query.data} />}
    </Dialog>
  );
}

function Run({ run }: { run: SourceRun }) {
  const job = useJob(run.state === 'running' ? run.job : null).data;
  return (
    <div className="stack stack--wide">
      <div className="row">
        <StateBadge state={run.state} />
        {flagWords(run.flags).map((it) => (
          <Badge key={it}>{it}</Badge>
        ))}
        <span className="quiet">
          <Time at={run.started_at ?? run.created_at} />
          {run.duration_ms !== null && `, took ${span(run.duration_ms)}`}
        </span>
      </div>
      {job && run.state === 'running' && (
        <div className="row" style={{ flexWrap: 'nowrap' }}>
          <Progress value={job.progress} label="Progress of the run" />
          <span className="number">{job.progress}%</span>
        </div>
      )}
      {run.flags.validate && <Note tone="info">This run wrote nothing: it tells what would have been written.</Note>}
      <section className="stack" aria-label="Counts">
        <h3>Counts</h3>
        <dl className="facts">
          {COUNTS.map(([name, label]) => (
            <div key={name} style={{ display: 'contents' }}>
              <dt>{label}</dt>
              <dd className="number">{number(run.counts[name])}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section className="stack" aria-label="Findings">
        <h3>Findings</h3>
        {run.findings.length === 0 ? (
          <p className="quiet">Nothing was found to be wrong.</p>
        ) : (
          <ul className="findings">
            {run.findings.map((it, index) => (
              <li key={index} className="wrap">
                <code>{it.code}</code> {it.message}
                {it.about && <div className="quiet">{it.about}</div>}
              </li>
            ))}
          </ul>
        )}
      </section>
      <p>
        <Link to="/jobs/$job" params={{ job: run.job }}>
          The job of this run
        </Link>
      </p>
    </div>
  );
}
