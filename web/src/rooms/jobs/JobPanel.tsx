/** A job in full: how far it is, what came of it, what can be done. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { answer, api } from '../../api/client';
import { jobQuery } from '../../api/queries';
import type { Json, JobView } from '../../api/types';
import { useHouse } from '../../app/house';
import { isDone } from '../../app/jobs';
import { StateBadge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { JsonText } from '../../ui/CodeText';
import { span } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Progress } from '../../ui/Progress';
import { Time, useNow } from '../../ui/Time';
import { toast, toastFault } from '../../ui/Toast';
import { MadeDocuments } from '../documents/MadeDocuments';
import { madeIn } from '../documents/made';
import { Report } from '../imports/Report';
import { findingsIn } from '../imports/findings';

export function JobPanel({ job }: { job: JobView }) {
  const running = !isDone(job);
  return (
    <div className="stack">
      <div className="row row--between">
        <span className="row">
          <StateBadge state={job.state} />
          {job.retry_count > 0 && <span className="quiet">attempt {job.retry_count + 1}</span>}
          <span className="quiet">
            <Duration job={job} />
          </span>
        </span>
        <Acts job={job} />
      </div>
      {running && (
        <div className="row" style={{ flexWrap: 'nowrap' }}>
          <Progress value={job.progress} label="Progress" />
          <span className="number">{job.progress}%</span>
        </div>
      )}
      {job.message && running && <p className="soft">{job.message}</p>}
      {job.error && (
        <Note tone="bad">
          <strong>{job.error.message}</strong>
          <p className="note__small">
            Code <code>{job.error.code}</code>
          </p>
        </Note>
      )}
      {job.state === 'completed' && <Result job={job} />}
    </div>
  );
}

function Acts({ job }: { job: JobView }) {
  const { can } = useHouse();
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: (verb: 'cancel' | 'retry') =>
      verb === 'cancel' ? answer(api.POST('/api/jobs/{job}/cancel', { params: { path: { job: job.id } } })) : answer(api.POST('/api/jobs/{job}/retry', { params: { path: { job: job.id } } })),
    onSuccess: (next, verb) => {
      client.setQueryData(jobQuery(job.id).queryKey, next);
      void client.invalidateQueries({ queryKey: ['job', job.id] });
      void client.invalidateQueries({ queryKey: ['jobs'] });
      toast(verb === 'cancel' ? 'The job stops at the next safe moment.' : 'The job runs again.', 'good');
    },
    onError: toastFault,
  });
  if (!can('manage_jobs')) return null;
  return isDone(job) ? (
    (job.state === 'failed' || job.state === 'cancelled') && (
      <Button small icon="refresh" busy={act.isPending} onClick={() => act.mutate('retry')}>
        Run again
      </Button>
    )
  ) : (
    <Button small kind="bad" icon="close" busy={act.isPending} onClick={() => act.mutate('cancel')}>
      Cancel
    </Button>
  );
}

function Result({ job }: { job: JobView }) {
  const { app } = useHouse();
  const result = job.result;
  const fields = typeof result === 'object' && result !== null && !Array.isArray(result) ? result : null;
  if (!fields) return result === null ? null : <JsonText value={result} label="Result" />;
  const made = madeIn(job.engine_kind, fields);
  const findings = findingsIn(fields);
  const proposes = app.tasks[job.engine_kind.replace(/^task\./, '')]?.proposes;
  const record = textAt(fields.record) ?? job.subject;
  const version = textAt(fields.version);
  const summary = textAt(fields.summary);
  return (
    <div className="stack">
      {summary && <p className="wrap">{summary}</p>}
      {record && (
        <div className="row">
          <Link to="/records/$record" params={{ record }} search={version ? { version } : {}} className="button button--main">
            {version ? 'Open what it made' : 'Open it'}
          </Link>
          {proposes && (
            <Link to="/records/$record" params={{ record }} search={{ tab: 'proposals' }} className="button">
              See the proposals
            </Link>
          )}
          {version && (
            <Link to="/records/$record" params={{ record }} search={{ tab: 'compare', to: version }} className="button">
              See the difference
            </Link>
          )}
        </div>
      )}
      {made && <MadeDocuments made={made} />}
      {findings ? (
        <Report {...findings} name={job.kind} />
      ) : (
        <details>
          <summary className="quiet">All of the result</summary>
          <JsonText value={result} label="Result" />
        </details>
      )}
    </div>
  );
}

function Duration({ job }: { job: JobView }) {
  const now = useNow();
  if (!job.started_at) return <Time at={job.created_at} />;
  const end = job.completed_at ? Date.parse(job.completed_at) : Math.max(now, Date.parse(job.started_at));
  return (
    <>
      {span(end - Date.parse(job.started_at))}
      {job.completed_at && (
        <>
          , <Time at={job.completed_at} />
        </>
      )}
    </>
  );
}

function textAt(value: Json | undefined): string | null {
  return typeof value === 'string' && value ? value : null;
}
