/** The keys of a tenant, or of all: made, rotated, revoked. A secret is shown once. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { capital } from '../../api/description';
import { keysQuery } from '../../api/queries';
import type { KeyView, NewKey, Schema, Scope } from '../../api/types';
import { useHouse } from '../../app/house';
import { TenantPicker } from '../../app/TenantSwitcher';
import { Badge, StateBadge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { Secret } from '../../ui/CodeText';
import { Confirm, Dialog } from '../../ui/Dialog';
import { Empty } from '../../ui/Empty';
import { Field } from '../../ui/Field';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Menu } from '../../ui/Menu';
import { Note } from '../../ui/Note';
import { Card } from '../../ui/Page';
import { Time, useNow } from '../../ui/Time';
import { toastFault } from '../../ui/Toast';
import { ShortTable } from '../../ui/table/ShortTable';
import { TenantName } from '../tenants/TenantName';

const SCOPES: Scope[] = ['read', 'write', 'jobs:execute', 'llm:call', 'models', 'embeddings:generate', 'admin'];

export function KeyTable({ tenant }: { tenant: string | undefined }) {
  const { app } = useHouse();
  const client = useQueryClient();
  const now = useNow();
  const query = useQuery(keysQuery(tenant));
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<NewKey | null>(null);
  const [revoking, setRevoking] = useState<KeyView | null>(null);
  const rotate = useMutation({
    mutationFn: (id: string) => answer(api.POST('/api/keys/{key}/rotate', { params: { path: { key: id } }, body: {} })),
    onSuccess: (key) => {
      setSecret(key);
      void client.invalidateQueries({ queryKey: ['keys'] });
    },
    onError: toastFault,
  });
  const withTenant = app.tenants !== null && !tenant;

  return (
    <Card
      title="Keys"
      aside={
        <Button small icon="plus" onClick={() => setCreating(true)}>
          New key
        </Button>
      }
      flush
    >
      <ShortTable
        label="Keys"
        inCard
        query={query}
        columns={[
          {
            id: 'name',
            label: 'Name',
            cell: (it) => (
              <span className="row">
                {it.name}
                {it.revoked_at ? <StateBadge state="revoked" /> : it.expires_at && Date.parse(it.expires_at) < now ? <StateBadge state="expired" /> : null}
              </span>
            ),
          },
          { id: 'prefix', label: 'Begins with', cell: (it) => <code>{it.prefix}…</code> },
          {
            id: 'scopes',
            label: 'Scopes',
            cell: (it) => (
              <span className="row" style={{ gap: 4 }}>
                {it.scopes.map((scope) => (
                  <Badge key={scope}>{scope}</Badge>
                ))}
              </span>
            ),
          },
          withTenant && { id: 'tenant', label: capital(app.tenants?.noun ?? ''), cell: (it) => <TenantName id={it.tenant} /> },
          { id: 'used', label: 'Last used', kind: 'quiet', cell: (it) => <Time at={it.last_used_at} /> },
          { id: 'expires', label: 'Expires', kind: 'quiet', cell: (it) => <Time at={it.expires_at} /> },
          {
            id: 'acts',
            label: 'Acts',
            kind: 'acts',
            cell: (it) =>
              !it.revoked_at && (
                <Menu
                  label={`Acts on ${it.name}`}
                  trigger={<IconButton small icon="more" label={`More for ${it.name}`} />}
                  items={[
                    { label: 'Rotate', icon: 'refresh', run: () => rotate.mutate(it.id) },
                    { label: 'Revoke', icon: 'trash', bad: true, run: () => setRevoking(it) },
                  ]}
                />
              ),
          },
        ]}
        empty={
          <Empty icon="key" title="No keys yet">
            Make one for each program that calls the API, so that each can be stopped by itself.
          </Empty>
        }
      />
      {creating && (
        <CreateKey
          tenant={tenant}
          onClose={() => setCreating(false)}
          onDone={(key) => {
            setCreating(false);
            setSecret(key);
          }}
        />
      )}
      <Dialog open={secret !== null} onClose={() => setSecret(null)} title={`The key “${secret?.name ?? ''}”`} foot={<Button kind="main" onClick={() => setSecret(null)}>I have kept it</Button>}>
        <div className="stack">
          <Note tone="warn">It is shown once. Put it where the program reads it; nobody can look it up later.</Note>
          {secret && <Secret value={secret.secret} label="the key" />}
        </div>
      </Dialog>
      {revoking && (
        <Confirm
          open
          onClose={() => setRevoking(null)}
          kind="bad"
          title={`Revoke “${revoking.name}”?`}
          act="Revoke"
          run={async () => {
            await answer(api.DELETE('/api/keys/{key}', { params: { path: { key: revoking.id } } }));
            void client.invalidateQueries({ queryKey: ['keys'] });
          }}
        >
          Programs that use it are refused at once. It cannot be made valid again.
        </Confirm>
      )}
    </Card>
  );
}

const SCHEMA: Schema = {
  type: 'object',
  required: ['name', 'scopes'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', title: 'Name', minLength: 1, maxLength: 255, description: 'Which program it is for.' },
    scopes: { type: 'array', title: 'Scopes', minItems: 1, uniqueItems: true, items: { type: 'string', enum: SCOPES }, default: ['read'] },
    expires_on: { type: ['string', 'null'], title: 'Expires on', format: 'date', description: 'Left empty, it holds until it is revoked.' },
    test: { type: 'boolean', title: 'A test key', description: 'Told apart by its first letters.', default: false },
  },
};

function CreateKey({ tenant, onClose, onDone }: { tenant: string | undefined; onClose: () => void; onDone: (key: NewKey) => void }) {
  const { app, allTenants } = useHouse();
  const client = useQueryClient();
  const [chosen, setChosen] = useState<string | null>(tenant ?? null);
  const needsTenant = allTenants && !tenant;
  return (
    <Dialog open onClose={onClose} title="New key">
      <div className="stack">
        {needsTenant && (
          <Field label={capital(app.tenants?.noun ?? '')} required>
            {(wiring) => <TenantPicker {...wiring} label={app.tenants?.noun ?? ''} value={chosen} onChange={setChosen} />}
          </Field>
        )}
        <SchemaForm
          schema={SCHEMA}
          submit="Create key"
          onCancel={onClose}
          disabled={needsTenant && !chosen}
          run={async (data) => {
            const key = await answer(
              api.POST('/api/keys', {
                body: {
                  tenant: chosen ?? undefined,
                  name: String(data.name),
                  scopes: SCOPES.filter((it) => Array.isArray(data.scopes) && data.scopes.includes(it)),
                  expires_at: typeof data.expires_on === 'string' ? `${data.expires_on}T23:59:59Z` : null,
                  mode: data.test === true ? 'test' : 'live',
                },
              }),
            );
            void client.invalidateQueries({ queryKey: ['keys'] });
            onDone(key);
          }}
        />
      </div>
    </Dialog>
  );
}
