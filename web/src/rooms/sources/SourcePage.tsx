/** One source: its runs, and what it has set aside because it could not make a record of it. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';

import { capital, readable } from '../../api/description';
import { sourcesQuery } from '../../api/rounds';
import { NotFound, Pending } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { StateBadge } from '../../ui/Badge';
import { ErrorNote } from '../../ui/ErrorNote';
import { number } from '../../ui/format';
import { Page } from '../../ui/Page';
import { Tabs } from '../../ui/Tabs';
import { Time } from '../../ui/Time';
import { AsideList } from './AsideList';
import { RunList } from './RunList';
import { RunSheet } from './RunSheet';
import { RunSource } from './RunSource';

const route = getRouteApi('/house/sources/$source');

export default function SourcePage() {
  const { source: name } = route.useParams();
  const search = route.useSearch();
  const { app, tenant } = useHouse();
  const navigate = useNavigate();
  const query = useQuery(sourcesQuery(tenant));
  const source = query.data?.find((it) => it.name === name);
  const go = (next: { tab?: string; run?: string }) => void navigate({ to: '/sources/$source', params: { source: name }, search: (now) => ({ tenant: now.tenant, tab: now.tab, ...next }), replace: true });
  if (query.isPending) return <Pending />;
  if (query.isError && !query.data) {
    return (
      <Page title="Source">
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  }
  if (!source) return <NotFound />;
  const tab = search.tab === 'aside' ? 'aside' : 'runs';
  return (
    <Page title={source.title} about={source.about} actions={<RunSource source={source} />}>
      <dl className="facts facts--line">
        <div>
          <dt>State</dt>
          <dd>
            <StateBadge state={source.status} />
          </dd>
        </div>
        <div>
          <dt>Fills</dt>
          <dd>
            <Link to="/data/$collection" params={{ collection: source.into }}>
              {capital(app.collections[source.into]?.plural ?? readable(source.into))}
            </Link>
          </dd>
        </div>
        <div>
          <dt>Records</dt>
          <dd>{number(source.items)}</dd>
        </div>
        <div>
          <dt>Gone</dt>
          <dd>{number(source.gone)}</dd>
        </div>
        <div>
          <dt>Last good run</dt>
          <dd>
            <Time at={source.good_at} />
            {source.good_count !== null && ` (${number(source.good_count)})`}
          </dd>
        </div>
        {source.schedules.length > 0 && (
          <div>
            <dt>Comes round by</dt>
            <dd>
              {source.schedules.map((it) => (
                <Link key={it} to="/schedules" search={(now) => ({ tenant: now.tenant, schedule: it })}>
                  {readable(it)}{' '}
                </Link>
              ))}
            </dd>
          </div>
        )}
      </dl>
      <Tabs
        label="Of this source"
        items={[
          { id: 'runs', label: 'Runs' },
          { id: 'aside', label: 'Kept aside', count: source.aside },
        ]}
        value={tab}
        onChange={(next) => go({ tab: next === 'aside' ? next : undefined })}
      >
        {tab === 'runs' ? <RunList source={name} onOpen={(run) => go({ run })} /> : <AsideList source={name} />}
      </Tabs>
      {search.run && <RunSheet source={source} job={search.run} onClose={() => go({ run: undefined })} />}
    </Page>
  );
}
