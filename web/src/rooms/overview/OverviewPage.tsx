/** How things stand: health, work under way, money, what changed last. */
import { useQuery } from '@tanstack/react-query';
import { Link, type LinkProps, Navigate } from '@tanstack/react-router';

import { capital, readable } from '../../api/description';
import { fewAuditQuery, fewJobsQuery, healthQuery, statsQuery, tenantCountQuery } from '../../api/queries';
import { useHouse } from '../../app/house';
import { StateBadge } from '../../ui/Badge';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { dollars, number, span } from '../../ui/format';
import { Card, Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { AuditLine } from '../audit/AuditLine';
import { JobRow } from '../jobs/JobRow';
import { LiveBadge } from '../jobs/JobsPage';
import './overview.css';

export default function OverviewPage() {
  const { app, can, onlyChats, onlyWrites } = useHouse();
  if (onlyWrites) return <Navigate to="/write" replace />;
  if (onlyChats) return <Navigate to="/chat/{-$chat}" params={{ chat: undefined }} replace />;
  return (
    <Page title={app.title} tab="Overview" about={app.about}>
      {can('read_telemetry') && <Tiles />}
      <div className="overview">
        <div className="stack stack--wide">
          {can('read_jobs') && <Jobs />}
          {can('read_audit') && <Latest />}
        </div>
        <HealthCard />
      </div>
    </Page>
  );
}

function Tiles() {
  const { app, can } = useHouse();
  const { data, isPending, error, refetch } = useQuery(statsQuery);
  const tenants = useQuery({ ...tenantCountQuery, enabled: app.tenants !== null && can('list_tenants') });
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending || tenants.isLoading) {
    return (
      <div className="tiles" aria-busy="true">
        {Array.from({ length: 5 }, (_, index) => (
          <div key={index} className="tile">
            <Skeleton lines={2} />
          </div>
        ))}
      </div>
    );
  }
  // What could not be counted in time is not there.
  const { models, counts, queue } = data;
  const named = [
    ...(app.tenants && typeof tenants.data === 'number' ? [{ label: capital(app.tenants.plural), count: tenants.data, link: { to: '/tenants' } satisfies LinkProps }] : []),
    ...Object.entries(counts ?? {}).flatMap(([name, count]): { label: string; count: number; link: LinkProps }[] => {
      const view = app.collections[name];
      return view && !view.private ? [{ label: capital(view.plural), count, link: view.parent ? { to: '/find', search: { collection: name } } : { to: '/data/$collection', params: { collection: name } } }] : [];
    }),
  ];
  return (
    <div className="tiles">
      {named.map((it) => (
        <Link key={it.label} {...it.link} className="tile">
          <div className="tile__label">{it.label}</div>
          <div className="tile__value">{number(it.count)}</div>
        </Link>
      ))}
      {models && can('read_usage') && (
        <Link to="/usage" className="tile">
          <div className="tile__label">Spent this month</div>
          <div className="tile__value">{dollars(models.spent_month_usd)}</div>
          <div className="tile__note">
            {dollars(models.spent_today_usd)} today
            {models.unknown_cost_count > 0 && ` · ${number(models.unknown_cost_count)} of unknown cost`}
          </div>
        </Link>
      )}
      {queue && (
        <Link to="/jobs" className="tile">
          <div className="tile__label">Jobs waiting</div>
          <div className="tile__value">{number(queue.pending)}</div>
          <div className="tile__note">
            {number(queue.running)} running{queue.failed > 0 && ` · ${number(queue.failed)} failed`}
          </div>
        </Link>
      )}
    </div>
  );
}

function Jobs() {
  const { tenant, live } = useHouse();
  const jobs = useQuery({ ...fewJobsQuery({ tenant }, 8), refetchInterval: live ? 15_000 : 3_000 });
  return (
    <Card title="Jobs" aside={<><LiveBadge live={live} /><Link to="/jobs">All jobs</Link></>} flush>
      {jobs.isError ? (
        <div style={{ padding: 16 }}>
          <ErrorNote error={jobs.error} retry={() => void jobs.refetch()} />
        </div>
      ) : jobs.isPending ? (
        <div style={{ padding: 16 }}>
          <Skeleton lines={3} />
        </div>
      ) : jobs.data.items.length === 0 ? (
        <Empty icon="jobs" title="Nothing has run yet">
          Imports and tasks appear here while they run.
        </Empty>
      ) : (
        <ul>
          {jobs.data.items.map((it) => (
            <JobRow key={it.id} job={it} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Latest() {
  const { tenant } = useHouse();
  const audit = useQuery({ ...fewAuditQuery({ tenant }, 10), refetchInterval: 20_000 });
  return (
    <Card title="Latest changes" aside={<Link to="/audit">Audit</Link>} flush>
      {audit.isError ? (
        <div style={{ padding: 16 }}>
          <ErrorNote error={audit.error} retry={() => void audit.refetch()} />
        </div>
      ) : audit.isPending ? (
        <div style={{ padding: 16 }}>
          <Skeleton lines={5} />
        </div>
      ) : audit.data.items.length === 0 ? (
        <p className="quiet" style={{ padding: 16 }}>
          Nothing has changed yet.
        </p>
      ) : (
        <ul>
          {audit.data.items.map((it) => (
            <AuditLine key={it.id} entry={it} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function HealthCard() {
  const { can } = useHouse();
  const health = useQuery(healthQuery);
  const stats = useQuery({ ...statsQuery, enabled: can('read_telemetry') });
  return (
    <Card title="Health" aside={health.data && <StateBadge state={health.data.status} />} flush>
      {health.isError ? (
        <div style={{ padding: 16 }}>
          <ErrorNote error={health.error} retry={() => void health.refetch()} />
        </div>
      ) : health.isPending ? (
        <div style={{ padding: 16 }}>
          <Skeleton lines={4} />
        </div>
      ) : (
        <ul>
          {Object.entries(health.data.checks).map(([name, check]) => (
            <li key={name} className="check-row">
              <span className={`dot dot--${check.status === 'healthy' ? 'good' : check.status === 'degraded' ? 'warn' : 'bad'}`} />
              <div className="grow">
                <div className="row row--between">
                  <span>{readable(name)}</span>
                  <span className="quiet">{check.status === 'healthy' && check.latency_ms !== undefined ? span(check.latency_ms) : check.status}</span>
                </div>
                {check.message && <p className="quiet wrap check-row__message">{check.message}</p>}
              </div>
            </li>
          ))}
          <li className="check-row quiet">
            <span className="grow">
              Version {health.data.version}
              {stats.data && `, up ${span(stats.data.uptime_seconds * 1000)}`}
            </span>
            <Time at={health.data.timestamp} />
          </li>
        </ul>
      )}
    </Card>
  );
}
