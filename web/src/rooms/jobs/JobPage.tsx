import { getRouteApi } from '@tanstack/react-router';

import { readable } from '../../api/description';
import { Pending } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { useJob } from '../../app/jobs';
import { CopyButton } from '../../ui/CodeText';
import { ErrorNote } from '../../ui/ErrorNote';
import { Card, Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { PersonName } from '../access/PersonName';
import { RecordLink } from '../records/Value';
import { TenantName } from '../tenants/TenantName';
import { JobPanel } from './JobPanel';
import './jobs.css';

const route = getRouteApi('/house/jobs/$job');

export default function JobPage() {
  const { job: id } = route.useParams();
  const { app } = useHouse();
  const query = useJob(id);
  if (query.isPending) return <Pending />;
  if (query.isError && !query.data) {
    return (
      <Page title="Job">
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  }
  const job = query.data;
  return (
    <Page title={readable(job.kind)} tab={`${job.progress}% ${readable(job.kind)}`}>
      <div className="split">
        <Card>
          <JobPanel job={job} />
        </Card>
        <Card title="About this job">
          <dl className="facts">
            {job.subject && (
              <>
                <dt>Works on</dt>
                <dd>
                  <RecordLink id={job.subject} />
                </dd>
              </>
            )}
            {app.tenants && (
              <>
                <dt>{app.tenants.noun.charAt(0).toUpperCase() + app.tenants.noun.slice(1)}</dt>
                <dd>
                  <TenantName id={job.tenant} />
                </dd>
              </>
            )}
            <dt>Begun by</dt>
            <dd>
              <PersonName id={job.created_by} />
            </dd>
            <dt>Asked for</dt>
            <dd>
              <Time at={job.created_at} exact />
            </dd>
            <dt>Started</dt>
            <dd>{job.started_at ? <Time at={job.started_at} exact /> : 'not yet'}</dd>
            {job.completed_at && (
              <>
                <dt>Ended</dt>
                <dd>
                  <Time at={job.completed_at} exact />
                </dd>
              </>
            )}
            <dt>Engine</dt>
            <dd>
              <code>{job.engine_kind}</code>
            </dd>
            <dt>Id</dt>
            <dd className="row" style={{ flexWrap: 'nowrap' }}>
              <code className="wrap">{job.id}</code>
              <CopyButton text={job.id} label="Copy the id" />
            </dd>
          </dl>
        </Card>
      </div>
    </Page>
  );
}
