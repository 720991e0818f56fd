import { Link } from '@tanstack/react-router';

import { readable } from '../../api/description';
import type { JobView } from '../../api/types';
import { StateBadge } from '../../ui/Badge';
import { Progress } from '../../ui/Progress';
import { Time } from '../../ui/Time';
import './jobs.css';

/** A job in a short list: what, how far, since when. */
export function JobRow({ job }: { job: JobView }) {
  const running = job.state === 'running' || job.state === 'pending';
  return (
    <li className="jobrow">
      <Link to="/jobs/$job" params={{ job: job.id }} className="cut jobrow__name">
        {readable(job.kind)}
      </Link>
      {running ? (
        <span className="jobrow__progress">
          <Progress value={job.progress} label={`Progress of ${readable(job.kind)}`} />
          <span className="number quiet">{job.progress}%</span>
        </span>
      ) : (
        <StateBadge state={job.state} />
      )}
      <span className="cut grow quiet jobrow__message">{job.error?.message ?? job.message}</span>
      <span className="quiet jobrow__time">
        <Time at={job.completed_at ?? job.started_at ?? job.created_at} />
      </span>
    </li>
  );
}
