import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { answer, api } from '../../api/client';
import { capital } from '../../api/description';
import { tenantsQuery } from '../../api/queries';
import type { TenantView } from '../../api/types';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Empty } from '../../ui/Empty';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Page } from '../../ui/Page';
import { SearchBox } from '../../ui/SearchBox';
import { Time } from '../../ui/Time';
import { toast, toastFault } from '../../ui/Toast';
import type { Column } from '../../ui/table/DataTable';
import { ListTable } from '../../ui/table/ListTable';

const route = getRouteApi('/house/tenants');

/** All who share this server, under the name the application gives them. */
export default function TenantsPage() {
  const { app, can, me } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const query = useInfiniteQuery({ ...tenantsQuery({ search: search.q, deleted: search.deleted }), enabled: app.tenants !== null });
  const columns = useMemo<Column<TenantView>[]>(
    () => [
      {
        id: 'name',
        label: 'Name',
        width: 280,
        grows: true,
        cell: (it) => (
          <Link to="/tenants/$id" params={{ id: it.id }} className="cut" style={{ fontWeight: 540 }}>
            {it.name}
          </Link>
        ),
      },
      { id: 'slug', label: 'Slug', width: 200, cell: (it) => <code className="cut quiet">{it.slug}</code> },
      { id: 'created', label: 'Created', width: 150, cell: (it) => <span className="quiet"><Time at={it.created_at} /></span> },
      search.deleted
        ? { id: 'deleted', label: 'Deleted', width: 230, cell: (it) => <Deleted tenant={it} /> }
        : { id: 'updated', label: 'Updated', width: 150, cell: (it) => <span className="quiet"><Time at={it.updated_at} /></span> },
    ],
    [search.deleted],
  );
  if (!app.tenants) return <NotFound />;
  const { noun, plural } = app.tenants;
  const set = (next: Partial<typeof search>) => void navigate({ to: '/tenants', search: (now) => ({ ...now, ...next }), replace: true });
  return (
    <Page
      fill
      title={capital(plural)}
      actions={
        can('manage_tenants') &&
        me.reaches === 'all' && (
          <Button kind="main" icon="plus" onClick={() => setCreating(true)}>
            New {noun}
          </Button>
        )
      }
    >
      <div className="toolbar">
        <SearchBox value={search.q ?? ''} onChange={(q) => set({ q: q || undefined })} label={`Search ${plural}`} />
        <span className="grow" />
        <label className="check">
          <input type="checkbox" checked={search.deleted ?? false} onChange={(event) => set({ deleted: event.target.checked || undefined })} />
          With deleted ones
        </label>
      </div>
      <ListTable
        label={capital(plural)}
        noun={noun}
        plural={plural}
        columns={columns}
        query={query}
        onOpen={(it) => void navigate({ to: '/tenants/$id', params: { id: it.id } })}
        isGone={(it) => it.deleted_at !== null}
        empty={
          <Empty icon="building" title={search.q ? `No ${plural} match` : `No ${plural} yet`}>
            {search.q ? 'Search for fewer words.' : `Everything else belongs to a ${noun}: create the first one.`}
          </Empty>
        }
      />
      {creating && <CreateTenant onClose={() => setCreating(false)} />}
    </Page>
  );
}

function CreateTenant({ onClose }: { onClose: () => void }) {
  const { app } = useHouse();
  const navigate = useNavigate();
  const client = useQueryClient();
  if (!app.tenants) return null;
  const { noun, schema } = app.tenants;
  return (
    <Dialog open onClose={onClose} title={`New ${noun}`}>
      <SchemaForm
        schema={schema}
        submit={`Create ${noun}`}
        onCancel={onClose}
        run={async (data) => {
          const made = await answer(api.POST('/api/tenants', { body: data }));
          void client.invalidateQueries({ queryKey: ['tenants'] });
          void client.invalidateQueries({ queryKey: ['options', 'tenants'] });
          toast(`${made.name} is there.`, 'good');
          void navigate({ to: '/tenants/$id', params: { id: made.id } });
        }}
      />
    </Dialog>
  );
}

/** Deleted ones stay for a while and can be restored. */
function Deleted({ tenant }: { tenant: TenantView }) {
  const { can } = useHouse();
  const client = useQueryClient();
  const restore = useMutation({
    mutationFn: () => answer(api.POST('/api/tenants/{tenant}/restore', { params: { path: { tenant: tenant.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['tenants'] });
      void client.invalidateQueries({ queryKey: ['tenant', tenant.id] });
      toast('Restored.', 'good');
    },
    onError: toastFault,
  });
  if (!tenant.deleted_at) return <span className="quiet">–</span>;
  return (
    <>
      <span className="quiet">
        <Time at={tenant.deleted_at} />
      </span>
      {can('manage_tenants') && (
        <Button small icon="undo" busy={restore.isPending} onClick={() => restore.mutate()}>
          Restore
        </Button>
      )}
    </>
  );
}
