/** What is kept of what sources fetched and made: how fresh, of what use, and clearing it. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { counted, readable } from '../../api/description';
import { type CacheNarrowing, sourceCacheQuery } from '../../api/rounds';
import type { CacheEntry, CacheKind, CacheKindView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { Confirm } from '../../ui/Dialog';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { bytes, number } from '../../ui/format';
import { Card } from '../../ui/Page';
import { SearchBox } from '../../ui/SearchBox';
import { type ShortColumn, ShortTable } from '../../ui/table/ShortTable';
import { Time, useNow } from '../../ui/Time';
import { toast } from '../../ui/Toast';
import { rateWords } from './words';

const KINDS: Record<CacheKind, string> = { html: 'Pages as they were fetched', structured: 'What was read out of pages', comparison: 'What was compared', answer: 'What models answered' };
const KIND_NAMES = Object.keys(KINDS) as CacheKind[];

interface Narrowing {
  kind?: string;
  pattern?: string;
  tag?: string;
}

export function CacheTab({ narrowing }: { narrowing: Narrowing }) {
  const { can } = useHouse();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [clearing, setClearing] = useState(false);
  const kind = KIND_NAMES.find((it) => it === narrowing.kind);
  const which: CacheNarrowing = { kind, pattern: narrowing.pattern, tag: narrowing.tag };
  const query = useQuery(sourceCacheQuery(which));
  const set = (next: Narrowing) => void navigate({ to: '/sources', search: (now) => ({ ...now, tab: 'kept', ...next }), replace: true });
  const isNarrowed = Boolean(kind ?? narrowing.pattern ?? narrowing.tag);
  const all = query.data?.kinds.filter((it) => !kind || it.kind === kind) ?? [];

  if (query.isPending) return <Skeleton lines={8} />;
  if (query.isError && !query.data) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  return (
    <div className="stack stack--wide">
      <div className="cards cards--half">
        {all.map((it) => (
          <KindCard key={it.kind} kind={it} />
        ))}
      </div>
      <div className="toolbar">
        <SearchBox label="Names: * is anything" value={narrowing.pattern ?? ''} onChange={(pattern) => set({ pattern: pattern || undefined })} />
        <input
          key={narrowing.tag}
          className="input filter"
          aria-label="Tag"
          placeholder="Tag"
          defaultValue={narrowing.tag ?? ''}
          onBlur={(event) => event.target.value.trim() !== (narrowing.tag ?? '') && set({ tag: event.target.value.trim() || undefined })}
          onKeyDown={(event) => event.key === 'Enter' && set({ tag: event.currentTarget.value.trim() || undefined })}
        />
        <Choice label="Kind" none="Any kind" options={KIND_NAMES} words={(it) => KINDS[it as CacheKind]} value={kind} onChange={(it) => set({ kind: it })} />
        <span className="grow" />
        {can('manage_jobs') && (
          <Button kind="bad" icon="trash" disabled={query.data.entries.length === 0} onClick={() => setClearing(true)}>
            {isNarrowed ? 'Clear what fits' : 'Clear all'}
          </Button>
        )}
      </div>
      <ShortTable
        label="What is kept"
        query={{ ...query, data: { items: query.data.entries.map((it) => ({ ...it, id: `${it.kind} ${it.name}` })) } }}
        columns={ENTRIES}
        empty={
          <Empty icon="box" title={isNarrowed ? 'Nothing fits' : 'Nothing is kept'}>
            {isNarrowed ? 'Narrow it less.' : 'What sources fetch and make is kept here for a while, so that it is not fetched and made twice.'}
          </Empty>
        }
      />
      {query.data.entries.length >= 100 && <p className="quiet">The newest 100 are shown.</p>}
      <Confirm
        open={clearing}
        onClose={() => setClearing(false)}
        title={isNarrowed ? 'Clear what fits?' : 'Clear everything that is kept?'}
        act="Clear"
        kind="bad"
        run={async () => {
          const { removed } = await answer(api.DELETE('/api/sources/cache', { params: { query: which } }));
          await client.invalidateQueries({ queryKey: ['sources', 'cache'] });
          toast(`${counted(removed, 'entry was', 'entries were')} removed.`, 'good');
        }}
      >
        {isNarrowed ? <Narrowed which={which} /> : 'All kinds, of all sources.'} The next runs fetch and make it anew, which takes longer and may cost something.
      </Confirm>
    </div>
  );
}

function Narrowed({ which }: { which: CacheNarrowing }) {
  return (
    <>
      {which.kind && <>{KINDS[which.kind]}. </>}
      {which.pattern && (
        <>
          Names like <code>{which.pattern}</code>.{' '}
        </>
      )}
      {which.tag && (
        <>
          With the tag <code>{which.tag}</code>.{' '}
        </>
      )}
    </>
  );
}

function KindCard({ kind }: { kind: CacheKindView }) {
  return (
    <Card title={KINDS[kind.kind]} aside={kind.expired > 0 && <Badge tone="warn">{number(kind.expired)} expired</Badge>}>
      <dl className="facts">
        <dt>Entries</dt>
        <dd>
          {number(kind.entries)} <span className="quiet">({bytes(kind.size_bytes)})</span>
        </dd>
        <dt>Fresh</dt>
        <dd>
          {kind.newest_at ? (
            <>
              newest <Time at={kind.newest_at} />, oldest <Time at={kind.oldest_at} />
            </>
          ) : (
            '–'
          )}
        </dd>
        <dt>Hit rate</dt>
        <dd>
          {rateWords(kind.hit_rate)} <span className="quiet">({number(kind.hits)} of {number(kind.hits + kind.misses)})</span>
        </dd>
        <dt>Passed over</dt>
        <dd>
          {number(kind.stale)} too old, {number(kind.invalid)} not valid, {number(kind.forced)} on request
        </dd>
        {kind.valid_rate !== null && (
          <>
            <dt>Still valid</dt>
            <dd>{rateWords(kind.valid_rate)}</dd>
          </>
        )}
      </dl>
    </Card>
  );
}

const ENTRIES: ShortColumn<CacheEntry & { id: string }>[] = [
  { id: 'name', label: 'Name', kind: 'wrap', cell: (it) => <span className="wrap">{it.name}</span> },
  { id: 'kind', label: 'Kind', cell: (it) => readable(it.kind) },
  {
    id: 'tags',
    label: 'Tags',
    cell: (it) => (
      <span className="row">
        {it.tags.map((tag) => (
          <Badge key={tag}>{tag}</Badge>
        ))}
      </span>
    ),
  },
  { id: 'size', label: 'Size', kind: 'quiet', cell: (it) => bytes(it.size_bytes) },
  { id: 'made', label: 'Kept since', kind: 'quiet', cell: (it) => <Time at={it.created_at} /> },
  { id: 'until', label: 'Fresh until', kind: 'quiet', cell: (it) => <Until at={it.expires_at} /> },
];

function Until({ at }: { at: string }) {
  const now = useNow();
  return Date.parse(at) < now ? <Badge tone="warn">expired</Badge> : <Time at={at} />;
}
