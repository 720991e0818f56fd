/** What came of the texts one handed in, the newest first; everybody's for those who may see what is private. */
import { useInfiniteQuery, type UseInfiniteQueryResult, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';

import { debugQuery, isMade, resultsQuery } from '../../api/asked';
import { answer, api } from '../../api/client';
import { gradingOf } from '../../api/description';
import type { ResultView } from '../../api/types';
import { ChooseTenant } from '../../app/ChooseTenant';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Badge, StateBadge } from '../../ui/Badge';
import { Empty } from '../../ui/Empty';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import type { Column } from '../../ui/table/DataTable';
import type { Pages } from '../../ui/table/cursor';
import { ListTable } from '../../ui/table/ListTable';
import { Time } from '../../ui/Time';
import { toastFault } from '../../ui/Toast';
import { PersonName } from '../access/PersonName';
import { overallOf } from './reading';

const route = getRouteApi('/house/results');

export default function ResultsPage() {
  const { app, tenant, allTenants, can } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate();
  const all = gradingOf(app);
  const grading = all.find((it) => it.name === search.task) ?? all[0];
  const isEverybody = search.of === 'all' && can('read_private');
  const query = useInfiniteQuery({
    ...resultsQuery({ tenant, task: grading?.name, of: isEverybody ? 'all' : 'me' }),
    enabled: grading !== undefined && !allTenants,
    refetchInterval: ({ state }) => (state.data?.pages[0]?.items.some((it) => !isMade(it)) ? 3_000 : false),
  });
  const set = (next: { task?: string; of?: string }) => void navigate({ to: '/results', search: (now) => ({ ...now, ...next }), replace: true });
  if (!grading) return <NotFound />;
  if (allTenants) {
    return (
      <Page title="Results">
        <ChooseTenant>Results belong to one {app.tenants?.noun}.</ChooseTenant>
      </Page>
    );
  }
  const write = (
    <Link to="/write" search={(now) => ({ tenant: now.tenant, task: grading.name })} className="button button--main">
      <Icon name="pen" /> Write a text
    </Link>
  );
  return (
    <Page fill title="Results" about="What came of the texts that were handed in." actions={write}>
      <div className="toolbar">
        {all.length > 1 && (
          <select className="input" aria-label="Of what" value={grading.name} onChange={(event) => set({ task: event.target.value })}>
            {all.map((it) => (
              <option key={it.name} value={it.name}>
                {it.view.title}
              </option>
            ))}
          </select>
        )}
        {can('read_private') && (
          <>
            <select className="input" aria-label="Whose" value={isEverybody ? 'all' : 'me'} onChange={(event) => set({ of: event.target.value === 'all' ? 'all' : undefined })}>
              <option value="me">My own</option>
              <option value="all">Everybody’s</option>
            </select>
            <span className="grow" />
            <DebugSwitch />
          </>
        )}
      </div>
      <ResultTable
        query={query}
        computed={grading.view.computed.join(' ')}
        isEverybody={isEverybody}
        empty={
          <Empty icon="pen" title="Nothing was handed in yet" action={write}>
            {grading.view.about}
          </Empty>
        }
      />
    </Page>
  );
}

/** Whether what goes over the wire for a result is kept. */
function DebugSwitch() {
  const { tenant } = useHouse();
  const client = useQueryClient();
  const query = useQuery(debugQuery(tenant));
  const set = useMutation({
    mutationFn: (enabled: boolean) => answer(api.PUT('/api/debug', { body: { tenant, enabled } })),
    onSuccess: (next) => client.setQueryData(debugQuery(tenant).queryKey, next),
    onError: toastFault,
  });
  if (!query.data) return null;
  return (
    <label className="check" title="What models are asked and say is kept with each result that is made from now on.">
      <input type="checkbox" checked={query.data.enabled} disabled={set.isPending} onChange={(event) => set.mutate(event.target.checked)} />
      Keep what models are asked
    </label>
  );
}

interface TableProps {
  query: UseInfiniteQueryResult<Pages<ResultView>>;
  /** The names of the fields that are reckoned, with spaces between. */
  computed: string;
  isEverybody: boolean;
  empty: ReactNode;
}

function ResultTable({ query, computed, isEverybody, empty }: TableProps) {
  const navigate = useNavigate();
  const columns = useMemo<Column<ResultView>[]>(
    () => [
      {
        id: 'text',
        label: 'Text',
        width: 320,
        grows: true,
        cell: (it) => (
          <Link to="/results/$result" params={{ result: it.id }} search={(now) => ({ tenant: now.tenant })} className="cut" style={{ fontWeight: 540 }}>
            {it.text?.slice(0, 160) ?? 'A text that is not there any more'}
          </Link>
        ),
      },
      { id: 'version', label: 'Version', width: 90, cell: (it) => (it.version === null ? <span className="quiet">–</span> : <Badge tone="accent">v{it.version}</Badge>) },
      { id: 'status', label: 'State', width: 120, cell: (it) => <StateBadge state={it.status} /> },
      { id: 'overall', label: 'Overall', width: 90, align: 'right', cell: (it) => <span className="number">{overallOf(it, computed.split(' '))?.toLocaleString('en', { maximumFractionDigits: 2 }) ?? '–'}</span> },
      ...(isEverybody ? [{ id: 'by', label: 'By', width: 160, cell: (it: ResultView) => <PersonName id={it.created_by} /> }] : []),
      { id: 'at', label: 'Handed in', width: 140, cell: (it) => <span className="quiet"><Time at={it.created_at} /></span> },
    ],
    [computed, isEverybody],
  );

  return (
    <ListTable
      label="Results"
      noun="result"
      plural="results"
      columns={columns}
      query={query}
      onOpen={(it) => void navigate({ to: '/results/$result', params: { result: it.id }, search: (now) => ({ tenant: now.tenant }) })}
      empty={empty}
    />
  );
}
