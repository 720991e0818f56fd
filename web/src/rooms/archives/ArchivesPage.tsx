/** What was put away because it is old: seen, put away now, brought back. */
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { answer, api } from '../../api/client';
import { capital, counted, readable } from '../../api/description';
import { archivesQuery } from '../../api/rounds';
import type { AppView, ArchiveView } from '../../api/types';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { Confirm } from '../../ui/Dialog';
import { Empty } from '../../ui/Empty';
import { bytes, number } from '../../ui/format';
import { Page } from '../../ui/Page';
import type { Column } from '../../ui/table/DataTable';
import { ListTable } from '../../ui/table/ListTable';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toast';
import { TenantName } from '../tenants/TenantName';
import { ArchiveSheet } from './ArchiveSheet';

const route = getRouteApi('/house/archives');
/** Where nobody shares the server everything belongs to this one. */
const ONLY_TENANT = '00000000-0000-0000-0000-000000000000';

/** The collections whose records are put away when they are old. */
export function archived(app: AppView): string[] {
  return Object.keys(app.collections).filter((it) => app.collections[it]?.archived);
}

export default function ArchivesPage() {
  const { app, me, tenant, allTenants, can } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [putting, setPutting] = useState(false);
  const names = archived(app);
  const collection = names.find((it) => it === search.collection);
  const query = useInfiniteQuery({ ...archivesQuery({ tenant, collection }), enabled: names.length > 0 });
  const set = (next: { collection?: string; archive?: string }) => void navigate({ to: '/archives', search: (now) => ({ ...now, ...next }), replace: true });
  const plural = (name: string) => app.collections[name]?.plural ?? readable(name);

  const columns = useMemo<Column<ArchiveView>[]>(
    () => [
      {
        id: 'collection',
        label: 'What',
        width: 200,
        grows: true,
        cell: (it) => (
          <Link to="/archives" search={(now) => ({ ...now, archive: it.id })} replace className="cut" style={{ fontWeight: 540 }}>
            {counted(it.record_count, app.collections[it.collection]?.noun ?? 'record', app.collections[it.collection]?.plural ?? 'records')}
          </Link>
        ),
      },
      { id: 'span', label: 'From, to', width: 230, cell: (it) => <span className="soft cut">{`${it.oldest_at.slice(0, 10)} – ${it.newest_at.slice(0, 10)}`}</span> },
      { id: 'size', label: 'Size', width: 90, align: 'right', cell: (it) => bytes(it.size_bytes) },
      { id: 'back', label: 'Brought back', width: 120, align: 'right', cell: (it) => (it.brought_back > 0 ? <Badge tone="info">{number(it.brought_back)}</Badge> : <span className="quiet">none</span>) },
      { id: 'place', label: 'Where', width: 100, cell: (it) => <span className="quiet">{it.place ? readable(it.place) : '–'}</span> },
      ...(allTenants ? [{ id: 'tenant', label: capital(app.tenants?.noun ?? 'tenant'), width: 170, cell: (it: ArchiveView) => <TenantName id={it.tenant} /> }] : []),
      { id: 'at', label: 'Put away', width: 130, cell: (it) => <span className="quiet"><Time at={it.created_at} /></span> },
    ],
    [app, allTenants],
  );

  if (names.length === 0) return <NotFound />;
  const putAway = collection ?? names[0] ?? '';
  return (
    <Page
      fill
      title="Archives"
      about="Old records, put away into files that are checked, and brought back when they are wanted."
      actions={
        can('manage_archives') &&
        !allTenants && (
          <Button kind="main" icon="box" onClick={() => setPutting(true)}>
            Put away what is due
          </Button>
        )
      }
    >
      <div className="toolbar">
        <Choice label="Of which collection" none="Of any collection" options={names} words={(it) => capital(plural(it))} value={collection} onChange={(it) => set({ collection: it })} />
        {allTenants && can('manage_archives') && <span className="quiet">Choose a {app.tenants?.noun} to put something away.</span>}
      </div>
      <ListTable
        label="Archives"
        noun="archive"
        plural="archives"
        columns={columns}
        query={query}
        onOpen={(it) => set({ archive: it.id })}
        empty={
          <Empty icon="box" title="Nothing was put away">
            Records go here when they are old enough, by a schedule or when somebody asks for it.
          </Empty>
        }
      />
      {putting && (
        <Confirm
          open
          onClose={() => setPutting(false)}
          title={`Put ${plural(putAway)} away?`}
          act="Put away"
          run={async () => {
            const { job } = await answer(api.POST('/api/archives', { body: { collection: putAway, tenant: tenant ?? me.tenant ?? ONLY_TENANT } }));
            await client.invalidateQueries({ queryKey: ['jobs'] });
            toast(
              <>
                What is due is put away. <Link to="/jobs/$job" params={{ job }}>See the job</Link>
              </>,
              'good',
            );
          }}
        >
          <p>Those that are due by the application’s rules go into an archive, and out of the lists. They can be brought back.</p>
          {!collection && names.length > 1 && <p>To put others away, choose their collection in the list above first.</p>}
        </Confirm>
      )}
      {search.archive && <ArchiveSheet id={search.archive} onClose={() => set({ archive: undefined })} />}
    </Page>
  );
}
