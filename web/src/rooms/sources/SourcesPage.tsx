/** Where records come from: how each source stands, and what is kept of what they fetched. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';

import { sourcesQuery } from '../../api/rounds';
import type { SourceEntry } from '../../api/types';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { StateBadge } from '../../ui/Badge';
import { Empty } from '../../ui/Empty';
import { number } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Page } from '../../ui/Page';
import { type ShortColumn, ShortTable } from '../../ui/table/ShortTable';
import { Tabs } from '../../ui/Tabs';
import { Time } from '../../ui/Time';
import { LiveBadge } from '../jobs/JobsPage';
import { CacheTab } from './CacheTab';
import { RunSource } from './RunSource';
import { countWords } from './words';

const route = getRouteApi('/house/sources');

type Row = SourceEntry & { id: string };

export default function SourcesPage() {
  const { app, tenant, allTenants, live, can } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate();
  const query = useQuery({ ...sourcesQuery(tenant), enabled: app.sources.length > 0 });
  if (app.sources.length === 0) return <NotFound />;
  const tab = search.tab === 'kept' ? 'kept' : 'sources';
  return (
    <Page title="Sources" about="Where records come from, and how the last runs went." actions={<LiveBadge live={live} />}>
      <Tabs
        label="Parts of this room"
        items={[
          { id: 'sources', label: 'Sources', count: query.data?.length },
          { id: 'kept', label: 'What is kept' },
        ]}
        value={tab}
        onChange={(next) => void navigate({ to: '/sources', search: (now) => ({ tenant: now.tenant, tab: next === 'kept' ? next : undefined }), replace: true })}
      >
        {tab === 'kept' ? (
          <CacheTab narrowing={search} />
        ) : (
          <div className="stack">
            {allTenants && can('manage_jobs') && <Note>Choose a {app.tenants?.noun} to run a source: its records go there.</Note>}
            <ShortTable
              label="Sources"
              query={{ ...query, data: query.data && { items: query.data } }}
              columns={COLUMNS}
              empty={
                <Empty icon="inflow" title="No sources">
                  This application fetches nothing by itself.
                </Empty>
              }
            />
          </div>
        )}
      </Tabs>
    </Page>
  );
}

const COLUMNS: ShortColumn<Row>[] = [
  {
    id: 'source',
    label: 'Source',
    kind: 'wrap',
    cell: (it) => (
      <>
        <Link to="/sources/$source" params={{ source: it.name }} style={{ fontWeight: 540 }}>
          {it.title}
        </Link>
        {it.about && <div className="quiet">{it.about}</div>}
      </>
    ),
  },
  { id: 'state', label: 'State', cell: (it) => <StateBadge state={it.status} /> },
  { id: 'last', label: 'Last run', cell: (it) => (it.last_run ? <LastRun source={it} /> : <span className="quiet">never</span>) },
  { id: 'good', label: 'Last good run', kind: 'quiet', cell: (it) => <Time at={it.good_at} /> },
  { id: 'items', label: 'Records', cell: (it) => <Items source={it} /> },
  { id: 'acts', label: 'Acts', kind: 'acts', cell: (it) => <RunSource small source={it} /> },
];

function LastRun({ source: { last_run: run } }: { source: SourceEntry }) {
  if (!run) return null;
  return (
    <>
      <span className="row" style={{ flexWrap: 'nowrap' }}>
        <StateBadge state={run.state} />
        <span className="quiet number">
          <Time at={run.finished_at ?? run.started_at ?? run.created_at} />
        </span>
      </span>
      <div className="soft">{countWords(run.counts)}</div>
    </>
  );
}

function Items({ source }: { source: SourceEntry }) {
  return (
    <>
      <span className="number">{number(source.items)}</span>
      {source.gone > 0 && <div className="quiet">{number(source.gone)} gone</div>}
      {source.aside > 0 && (
        <div>
          <Link to="/sources/$source" params={{ source: source.name }} search={(now) => ({ tenant: now.tenant, tab: 'aside' })}>
            {number(source.aside)} kept aside
          </Link>
        </div>
      )}
    </>
  );
}
