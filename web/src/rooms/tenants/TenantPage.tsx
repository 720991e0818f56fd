/** One tenant: what it has, what it cost, its keys, its own fields. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api, download, unchanged } from '../../api/client';
import { capital, counted, shelves, titleOf } from '../../api/description';
import { fewRecordsQuery, tenantQuery, usageSummaryQuery } from '../../api/queries';
import type { JsonObject, TenantView } from '../../api/types';
import { NotFound, Pending } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { Confirm, Dialog } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { dollars, number } from '../../ui/format';
import { changed } from '../../ui/form/plan';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Icon } from '../../ui/Icon';
import { Menu } from '../../ui/Menu';
import { Card, Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { toast, toastFault } from '../../ui/Toast';
import { KeyTable } from '../access/KeyTable';

const route = getRouteApi('/house/tenants/$id');

export default function TenantPage() {
  const { id } = route.useParams();
  const { app, can, me, setTenant, tenant: shown } = useHouse();
  const query = useQuery({ ...tenantQuery(id), enabled: app.tenants !== null });
  const [act, setAct] = useState<'edit' | 'delete' | 'erase' | null>(null);

  if (!app.tenants) return <NotFound />;
  if (query.isPending) return <Pending />;
  if (query.isError) {
    return (
      <Page title={capital(app.tenants.noun)}>
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  }
  const tenant = query.data;
  const mayManage = can('manage_tenants');
  return (
    <Page
      title={tenant.name}
      about={
        <span className="row">
          <code>{tenant.slug}</code> <span className="quiet">since <Time at={tenant.created_at} /></span>
        </span>
      }
      actions={
        <>
          {me.reaches === 'all' && shown !== tenant.id && (
            <Button icon="building" onClick={() => setTenant(tenant.id)}>
              Show only this {app.tenants.noun}
            </Button>
          )}
          {mayManage && (
            <Menu
              label="More"
              trigger={<IconButton icon="more" label="More" kind="solid" />}
              items={[
                { label: `Edit ${app.tenants.noun}`, icon: 'edit', run: () => setAct('edit') },
                { label: 'Export as JSON', icon: 'download', run: () => void download(`/api/tenants/${encodeURIComponent(id)}/export`, `${tenant.slug}.json`).catch(toastFault) },
                { label: `Delete ${app.tenants.noun}`, icon: 'trash', bad: true, apart: true, run: () => setAct('delete') },
                { label: 'Erase for good', icon: 'trash', bad: true, run: () => setAct('erase') },
              ]}
            />
          )}
        </>
      }
    >
      <div className="cards">
        {shelves(app)
          .filter((it) => !it.view.shared)
          .map((it) => (
            <Few key={it.name} name={it.name} title={it.title} tenant={tenant.id} />
          ))}
        {can('read_usage') && <Spend tenant={tenant.id} />}
      </div>
      {can('manage_keys') && <KeyTable tenant={tenant.id} />}
      {act === 'edit' && <EditTenant tenant={tenant} onClose={() => setAct(null)} />}
      {(act === 'delete' || act === 'erase') && <DeleteTenant tenant={tenant} permanent={act === 'erase'} onClose={() => setAct(null)} />}
    </Page>
  );
}

function Few({ name, title, tenant }: { name: string; title: string; tenant: string }) {
  const { app } = useHouse();
  const view = app.collections[name];
  const records = useQuery(fewRecordsQuery(name, { tenant }, 6));
  return (
    <Card
      title={title}
      aside={
        <Link to="/data/$collection" params={{ collection: name }} search={{ tenant }}>
          All
        </Link>
      }
    >
      {records.isPending ? (
        <Skeleton lines={3} />
      ) : records.isError ? (
        <ErrorNote error={records.error} retry={() => void records.refetch()} />
      ) : records.data.items.length === 0 ? (
        <p className="quiet">No {view?.plural} yet.</p>
      ) : (
        <ul className="stack" style={{ gap: 6 }}>
          {records.data.items.map((it) => (
            <li key={it.id} className="row" style={{ flexWrap: 'nowrap' }}>
              <Link to="/records/$record" params={{ record: it.id }} className="cut grow">
                {titleOf(view, it)}
              </Link>
              {it.active_version && <Badge tone="accent">v{it.active_version.number}</Badge>}
              {it.lock && <Icon name="lock" />}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Spend({ tenant }: { tenant: string }) {
  const from = `${new Date().toISOString().slice(0, 8)}01`;
  const usage = useQuery(usageSummaryQuery({ tenant, from: `${from}T00:00:00Z` }, 'operation'));
  return (
    <Card
      title="Usage this month"
      aside={
        <Link to="/usage" search={{ tenant }}>
          All
        </Link>
      }
    >
      {usage.isPending ? (
        <Skeleton lines={3} />
      ) : usage.isError ? (
        <ErrorNote error={usage.error} retry={() => void usage.refetch()} />
      ) : (
        <dl className="facts">
          <dt>Cost</dt>
          <dd className="number">{dollars(usage.data.summary.total_cost_usd)}</dd>
          <dt>Tokens</dt>
          <dd className="number">{number(usage.data.summary.total_tokens)}</dd>
          <dt>Operations</dt>
          <dd className="number">{number(usage.data.summary.operations_count)}</dd>
          {usage.data.summary.unknown_cost_count > 0 && (
            <>
              <dt>Unknown cost</dt>
              <dd>{counted(usage.data.summary.unknown_cost_count, 'operation is', 'operations are')} not in the sum.</dd>
            </>
          )}
        </dl>
      )}
    </Card>
  );
}

function EditTenant({ tenant, onClose }: { tenant: TenantView; onClose: () => void }) {
  const { app } = useHouse();
  const client = useQueryClient();
  if (!app.tenants) return null;
  const before: JsonObject = { ...tenant.data, name: tenant.name, slug: tenant.slug };
  return (
    <Dialog open onClose={onClose} title={`Edit ${app.tenants.noun}`}>
      <SchemaForm
        schema={app.tenants.schema}
        value={before}
        submit={`Save ${app.tenants.noun}`}
        onCancel={onClose}
        run={async (data) => {
          const next = await answer(api.PATCH('/api/tenants/{tenant}', { params: { path: { tenant: tenant.id } }, headers: unchanged(tenant), body: changed(before, data) }));
          client.setQueryData(tenantQuery(tenant.id).queryKey, next);
          void client.invalidateQueries({ queryKey: ['tenants'] });
          toast('Saved.', 'good');
          onClose();
        }}
      />
    </Dialog>
  );
}

function DeleteTenant({ tenant, permanent, onClose }: { tenant: TenantView; permanent: boolean; onClose: () => void }) {
  const { app, tenant: shown, setTenant } = useHouse();
  const navigate = useNavigate();
  const client = useQueryClient();
  return (
    <Confirm
      open
      onClose={onClose}
      kind="bad"
      title={permanent ? `Erase ${tenant.name} for good?` : `Delete ${tenant.name}?`}
      act={permanent ? 'Erase for good' : 'Delete'}
      run={async () => {
        await answer(api.DELETE('/api/tenants/{tenant}', { params: { path: { tenant: tenant.id }, query: { permanent: permanent || undefined } } }));
        void client.invalidateQueries({ queryKey: ['tenants'] });
        toast(permanent ? 'Erased.' : 'Deleted. It can be restored for a while.', 'good');
        if (shown === tenant.id) setTenant(undefined);
        void navigate({ to: '/tenants', search: {} });
      }}
    >
      {permanent
        ? `Everything of this ${app.tenants?.noun} goes at once: records, versions, files, keys. Nothing brings it back; the audit log keeps that it happened.`
        : `Its people and keys are locked out at once. Its data stays for a while and can be restored.`}
    </Confirm>
  );
}
