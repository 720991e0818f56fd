import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { capital } from '../../api/description';
import { webhooksQuery } from '../../api/queries';
import type { NewWebhook, Schema, WebhookView } from '../../api/types';
import { useHouse } from '../../app/house';
import { TenantPicker } from '../../app/TenantSwitcher';
import { Badge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { Secret } from '../../ui/CodeText';
import { Confirm, Dialog } from '../../ui/Dialog';
import { Empty } from '../../ui/Empty';
import { Field } from '../../ui/Field';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Note } from '../../ui/Note';
import { Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { toast, toastFault } from '../../ui/Toast';
import { ShortTable } from '../../ui/table/ShortTable';
import { TenantName } from '../tenants/TenantName';

export default function WebhooksPage() {
  const { app, tenant, allTenants } = useHouse();
  const query = useQuery(webhooksQuery(tenant));
  const [creating, setCreating] = useState(false);
  const [removing, setRemoving] = useState<WebhookView | null>(null);
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: (webhook: string) => answer(api.POST('/api/webhooks/{webhook}/test', { params: { path: { webhook } } })),
    onSuccess: (delivery) => {
      toast(
        <>
          A test is on its way.{' '}
          <Link to="/webhooks/$webhook" params={{ webhook: delivery.webhook }}>
            See the deliveries
          </Link>
        </>,
        'good',
      );
      void client.invalidateQueries({ queryKey: ['deliveries'] });
    },
    onError: toastFault,
  });

  return (
    <Page
      title="Webhooks"
      about="Other systems are told when something happens here. Each call is signed and tried again until it arrives."
      actions={
        <Button kind="main" icon="plus" onClick={() => setCreating(true)}>
          New webhook
        </Button>
      }
    >
      <ShortTable
        label="Webhooks"
        query={query}
        columns={[
          {
            id: 'address',
            label: 'Address',
            kind: 'wrap',
            cell: (it) => (
              <>
                <Link to="/webhooks/$webhook" params={{ webhook: it.id }}>
                  {it.url}
                </Link>{' '}
                {!it.is_active && <Badge tone="warn">Off</Badge>}
              </>
            ),
          },
          {
            id: 'events',
            label: 'Events',
            cell: (it) => (
              <span className="row" style={{ gap: 4 }}>
                {it.events.map((event) => (
                  <Badge key={event}>{event}</Badge>
                ))}
              </span>
            ),
          },
          allTenants && { id: 'tenant', label: capital(app.tenants?.noun ?? ''), cell: (it) => <TenantName id={it.tenant} /> },
          { id: 'since', label: 'Since', kind: 'quiet', cell: (it) => <Time at={it.created_at} /> },
          {
            id: 'acts',
            label: 'Acts',
            kind: 'acts',
            cell: (it) => (
              <>
                <Button small icon="play" disabled={test.isPending} onClick={() => test.mutate(it.id)}>
                  Test
                </Button>
                <IconButton small icon="trash" label={`Delete the webhook to ${it.url}`} onClick={() => setRemoving(it)} />
              </>
            ),
          },
        ]}
        empty={
          <Empty icon="hook" title="No webhooks yet" action={<Button icon="plus" onClick={() => setCreating(true)}>New webhook</Button>}>
            Give an address and the events it wants to hear of.
          </Empty>
        }
      />
      {creating && <CreateWebhook onClose={() => setCreating(false)} />}
      {removing && (
        <Confirm
          open
          onClose={() => setRemoving(null)}
          kind="bad"
          title="Delete this webhook?"
          act="Delete"
          run={async () => {
            await answer(api.DELETE('/api/webhooks/{webhook}', { params: { path: { webhook: removing.id } } }));
            void client.invalidateQueries({ queryKey: ['webhooks'] });
          }}
        >
          <span className="wrap">{removing.url} hears nothing more, also of what is waiting to be sent.</span>
        </Confirm>
      )}
    </Page>
  );
}

function CreateWebhook({ onClose }: { onClose: () => void }) {
  const { app, tenant: shown, allTenants } = useHouse();
  const client = useQueryClient();
  const [chosen, setChosen] = useState<string | null>(null);
  const [made, setMade] = useState<NewWebhook | null>(null);
  const schema: Schema = {
    type: 'object',
    required: ['url', 'events'],
    additionalProperties: false,
    properties: {
      url: { type: 'string', title: 'Address', format: 'uri', minLength: 1, maxLength: 2000, description: 'https://… of the system that wants to know.' },
      events: { type: 'array', title: 'Events', minItems: 1, uniqueItems: true, items: { type: 'string', enum: app.webhook_events } },
    },
  };
  return (
    <Dialog open onClose={onClose} title={made ? 'The webhook is there' : 'New webhook'}>
      {made ? (
        <div className="stack">
          <Note tone="warn">This secret is shown once. The receiver needs it to check the signature of each call.</Note>
          <Secret value={made.secret} label="the secret" />
          <div className="row row--end">
            <Button kind="main" onClick={onClose}>
              Done
            </Button>
          </div>
        </div>
      ) : (
        <div className="stack">
          {allTenants && (
            <Field label={capital(app.tenants?.noun ?? '')} required>
              {(wiring) => <TenantPicker {...wiring} label={app.tenants?.noun ?? ''} value={chosen} onChange={setChosen} />}
            </Field>
          )}
          <SchemaForm
            schema={schema}
            submit="Create webhook"
            onCancel={onClose}
            disabled={allTenants && !chosen}
            run={async (data) => {
              const webhook = await answer(
                api.POST('/api/webhooks', { body: { tenant: shown ?? chosen ?? undefined, url: String(data.url), events: Array.isArray(data.events) ? data.events.map(String) : [] } }),
              );
              void client.invalidateQueries({ queryKey: ['webhooks'] });
              setMade(webhook);
            }}
          />
        </div>
      )}
    </Dialog>
  );
}
