/** Where records come from: how each source stands, what is kept of what they fetched, and what is asked outside. */
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
import { type Reading, type ShortColumn, ShortTable } from '../../ui/table/ShortTable';
import { type TabItem, Tabs } from '../../ui/Tabs';
import { Time } from '../../ui/Time';
import { LiveBadge } from '../jobs/JobsPage';
import { CacheTab } from './CacheTab';
import { LookupsTab } from './LookupsTab';
import { RunSource } from './RunSource';
import { useIncoming } from './useIncoming';
import { countWords } from './words';

const route = getRouteApi('/house/sources');

type Row = SourceEntry & { id: string };
type Tab = 'sources' | 'kept' | 'lookups';

export default function SourcesPage() {
  const { tenant, live } = useHouse();
  const { seesSources, seesLookups } = useIncoming();
  const search = route.useSearch();
  const navigate = useNavigate();
  const query = useQuery({ ...sourcesQuery(tenant), enabled: seesSources });
  const tabs: TabItem<Tab>[] = [
    ...(seesSources
      ? [
          { id: 'sources' as const, label: 'Sources', count: query.data?.length },
          { id: 'kept' as const, label: 'What is kept' },
        ]
      : []),
    ...(seesLookups ? [{ id: 'lookups' as const, label: 'Look-ups' }] : []),
  ];
  const tab = tabs.find((it) => it.id === search.tab)?.id ?? tabs[0]?.id;
  if (!tab) return <NotFound />;
  return (
    <Page title="Sources" about="Where records come from, and what is asked about them outside." actions={seesSources && <LiveBadge live={live} />}>
      <Tabs
        label="Parts of this room"
        items={tabs}
        value={tab}
        onChange={(next) => void navigate({ to: '/sources', search: (now) => ({ tenant: now.tenant, tab: next === 'sources' ? undefined : next }), replace: true })}
      >
        {tab === 'lookups' ? <LookupsTab chosen={search.lookup} /> : tab === 'kept' ? <CacheTab narrowing={search} /> : <SourceList query={{ ...query, data: query.data && { items: query.data } }} />}
      </Tabs>
    </Page>
  );
}

function SourceList({ query }: { query: Reading<Row> }) {
  const { app, allTenants, can } = useHouse();
  return (
    <div className="stack">
      {allTenants && can('manage_jobs') && <Note>Choose a {app.tenants?.noun} to run a source: its records go there.</Note>}
      <ShortTable
        label="Sources"
        query={query}
        columns={COLUMNS}
        empty={
          <Empty icon="inflow" title="No sources">
            This application fetches nothing by itself.
          </Empty>
        }
      />
    </div>
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
