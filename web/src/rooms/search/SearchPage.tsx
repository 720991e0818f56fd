/** Finding records by words or by meaning; it says which of the two answered. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { capital, counted, fieldOf, labelOf, schemaOf } from '../../api/description';
import type { SearchHit, SearchView } from '../../api/types';
import { useHouse } from '../../app/house';
import { TenantPicker } from '../../app/TenantSwitcher';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Page } from '../../ui/Page';
import { Value } from '../records/Value';
import './search.css';

const route = getRouteApi('/house/find');

const METHODS: Record<SearchView['method'], string> = { words: 'Found by words', meaning: 'Found by meaning', both: 'Found by meaning and words' };

export default function SearchPage() {
  const { app, tenant, allTenants, setTenant } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate();
  const searchable = Object.entries(app.collections).filter(([, it]) => it.searchable);
  const collection = searchable.find(([name]) => name === search.collection)?.[0] ?? searchable[0]?.[0] ?? '';
  const view = app.collections[collection];
  const q = search.q?.trim() ?? '';
  const [text, setText] = useState(q);
  const [seen, setSeen] = useState(q);
  if (seen !== q) {
    setSeen(q);
    setText(q);
  }
  const needsTenant = allTenants && !view?.shared;

  const found = useQuery({
    queryKey: ['search', collection, q, tenant],
    queryFn: () => answer(api.POST('/api/search', { body: { collection, query: q, limit: 50, ...(tenant && !view?.shared ? { tenant } : {}) } })),
    enabled: q.length > 0 && Boolean(view) && !needsTenant,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });

  return (
    <Page title="Search" about={app.model.embed ? 'By meaning and by words.' : 'By words. With a model for embeddings it also finds by meaning.'}>
      <form
        className="toolbar finder"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          void navigate({ to: '/find', search: (now) => ({ ...now, q: text.trim() || undefined }) });
        }}
      >
        {searchable.length > 1 && (
          <select className="input" aria-label="Search in" value={collection} onChange={(event) => void navigate({ to: '/find', search: (now) => ({ ...now, collection: event.target.value }) })}>
            {searchable.map(([name, it]) => (
              <option key={name} value={name}>
                {capital(it.plural)}
              </option>
            ))}
          </select>
        )}
        <input className="input grow" type="search" data-search aria-label="What to find" placeholder={`Describe the ${view?.noun ?? 'record'} you look for`} value={text} onChange={(event) => setText(event.target.value)} />
        <Button kind="main" icon="search" type="submit" busy={found.isFetching}>
          Search
        </Button>
      </form>
      {needsTenant ? (
        <Empty
          icon="building"
          title={`Choose a ${app.tenants?.noun}`}
          action={
            <div style={{ width: 280 }}>
              <TenantPicker label={app.tenants?.noun ?? ''} value={null} onChange={(it) => setTenant(it ?? undefined)} />
            </div>
          }
        >
          A search looks into the {view?.plural} of one {app.tenants?.noun} at a time.
        </Empty>
      ) : !q ? (
        <Empty icon="search" title={`Find ${view?.plural ?? 'records'}`}>
          Type a few words and press Enter. Whole sentences are fine.
        </Empty>
      ) : found.isError ? (
        <ErrorNote error={found.error} retry={() => void found.refetch()} />
      ) : found.isPending ? (
        <Skeleton lines={8} />
      ) : (
        <>
          <div className="row" role="status">
            <span>{counted(found.data.result_count, 'result', 'results')}</span>
            <Badge tone={found.data.method === 'words' ? 'plain' : 'accent'}>{METHODS[found.data.method]}</Badge>
            {found.data.model && <code className="quiet">{found.data.model}</code>}
          </div>
          {found.data.results.length === 0 ? (
            <Empty icon="search" title="Nothing found">
              Try other words, or fewer of them.
            </Empty>
          ) : (
            <ol className="card">
              {found.data.results.map((it) => (
                <Hit key={it.item.id} hit={it} />
              ))}
            </ol>
          )}
        </>
      )}
    </Page>
  );
}

function Hit({ hit }: { hit: SearchHit }) {
  const { app } = useHouse();
  const view = app.collections[hit.item.collection];
  const shown = view?.columns.filter((it) => it !== view.title && (fieldOf(hit.item.data, it) ?? null) !== null).slice(0, 5) ?? [];
  const inVersion = hit.version && hit.parent;
  return (
    <li className="hit">
      <div className="row">
        <Link
          to="/records/$record"
          params={{ record: inVersion ? (hit.parent ?? hit.item.id) : hit.item.id }}
          search={inVersion ? { version: hit.version ?? undefined, item: hit.item.id } : {}}
          className="hit__title wrap"
        >
          {hit.title ?? hit.item.id}
        </Link>
        {hit.parent_title && <span className="quiet">in {hit.parent_title}</span>}
        <span className="grow" />
        <span className="quiet number" title="How well it fits">
          {hit.score.toFixed(2)}
        </span>
      </div>
      <dl className="facts--line">
        {shown.map((field) => (
          <div key={field} className="fact">
            <dt className="quiet">{labelOf(view?.schema, field)}</dt>
            <dd className="cut">
              <Value value={fieldOf(hit.item.data, field)} schema={schemaOf(view?.schema, field)} reference={view?.references[field]} />
            </dd>
          </div>
        ))}
      </dl>
    </li>
  );
}
