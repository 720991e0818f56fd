import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { capital, readable } from '../../api/description';
import { usersQuery } from '../../api/queries';
import type { AppView, Json, Schema, UserView } from '../../api/types';
import { useHouse } from '../../app/house';
import { TenantPicker } from '../../app/TenantSwitcher';
import { StateBadge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { Confirm, Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { changed } from '../../ui/form/plan';
import { PickerContext } from '../../ui/form/SchemaField';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Menu } from '../../ui/Menu';
import { Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toast';
import { ShortTable } from '../../ui/table/ShortTable';
import { TenantName } from '../tenants/TenantName';

/** The people who may sign in, and as what. */
export default function UsersPage() {
  const { app, me, tenant } = useHouse();
  const client = useQueryClient();
  const query = useQuery(usersQuery(tenant));
  const [creating, setCreating] = useState(false);
  const [editing, setEditing] = useState<UserView | null>(null);
  const [switching, setSwitching] = useState<UserView | null>(null);
  const again = () => void client.invalidateQueries({ queryKey: ['users'] });

  return (
    <Page
      title="Users"
      about="Who may sign in, and what they may do."
      actions={
        <Button kind="main" icon="plus" onClick={() => setCreating(true)}>
          New user
        </Button>
      }
    >
      <ShortTable
        label="Users"
        query={query}
        columns={[
          {
            id: 'name',
            label: 'Name',
            cell: (it) => (
              <span className="row">
                {it.name || '–'}
                {it.id === me.id && <span className="quiet">(you)</span>}
                {it.disabled_at && <StateBadge state="disabled" />}
              </span>
            ),
          },
          { id: 'email', label: 'E-mail', kind: 'wrap', cell: (it) => it.email },
          { id: 'role', label: 'Role', cell: (it) => readable(it.role_name) },
          app.tenants !== null && { id: 'tenant', label: capital(app.tenants.noun), cell: (it) => (it.tenant ? <TenantName id={it.tenant} /> : <span className="quiet">All</span>) },
          { id: 'signed-in', label: 'Last sign-in', kind: 'quiet', cell: (it) => <Time at={it.last_login_at} /> },
          {
            id: 'acts',
            label: 'Acts',
            kind: 'acts',
            cell: (it) => (
              <>
                <Link to="/sessions" search={{ user: it.id }} className="button button--plain button--small">
                  Sessions
                </Link>
                <Menu
                  label={`Acts on ${it.email}`}
                  trigger={<IconButton small icon="more" label={`More for ${it.email}`} />}
                  items={[
                    { label: 'Edit', icon: 'edit', run: () => setEditing(it) },
                    it.id !== me.id && { label: it.disabled_at ? 'Let sign in again' : 'Lock out', icon: 'lock', run: () => setSwitching(it) },
                  ]}
                />
              </>
            ),
          },
        ]}
      />
      {creating && <UserForm onClose={() => setCreating(false)} />}
      {editing && <UserForm user={editing} onClose={() => setEditing(null)} />}
      {switching && (
        <Confirm
          open
          onClose={() => setSwitching(null)}
          kind={switching.disabled_at ? 'main' : 'bad'}
          title={switching.disabled_at ? `Let ${switching.email} sign in again?` : `Lock ${switching.email} out?`}
          act={switching.disabled_at ? 'Let in' : 'Lock out'}
          run={async () => {
            await answer(api.PATCH('/api/users/{user}', { params: { path: { user: switching.id } }, body: { disabled: !switching.disabled_at } }));
            again();
          }}
        >
          {switching.disabled_at ? 'The old password holds.' : 'All sessions end at once. Nothing is deleted, and what this person did stays in the audit log.'}
        </Confirm>
      )}
    </Page>
  );
}

function UserForm({ user, onClose }: { user?: UserView; onClose: () => void }) {
  const { app, tenant: shown } = useHouse();
  const client = useQueryClient();
  const [tenant, setTenant] = useState<string | null>(user?.tenant ?? shown ?? null);
  const before = user ? { name: user.name, role: user.role_name } : undefined;
  return (
    <Dialog open onClose={onClose} title={user ? `Edit ${user.email}` : 'New user'}>
      <PickerContext value={null}>
        <SchemaForm
          schema={schemaOf(app, user)}
          value={before}
          submit={user ? 'Save user' : 'Create user'}
          onCancel={onClose}
          run={async (data) => {
            if (user) {
              const { name, role, password } = changed(before ?? {}, data);
              const body = { name: textIn(name), role: textIn(role), password: textIn(password), ...(tenant !== user.tenant ? { tenant } : {}) };
              await answer(api.PATCH('/api/users/{user}', { params: { path: { user: user.id } }, body }));
            } else {
              const role = String(data.role);
              // A role of the application says by itself how far it reaches; a role of the house does not.
              const own = app.roles[role]?.tenants;
              const reach = own === 'all' ? {} : own || tenant || !app.tenants ? { tenant } : { reaches: 'all' as const };
              await answer(api.POST('/api/users', { body: { email: String(data.email), name: String(data.name ?? ''), password: String(data.password), role, ...reach } }));
            }
            void client.invalidateQueries({ queryKey: ['users'] });
            toast(user ? 'Saved.' : 'The user can sign in now.', 'good');
            onClose();
          }}
        >
          {app.tenants && (
            <Field label={capital(app.tenants.noun)} hint="For roles that work with one only.">
              {(wiring) => <TenantPicker {...wiring} label={app.tenants?.noun ?? ''} none={`All ${app.tenants?.plural}`} value={tenant} onChange={setTenant} />}
            </Field>
          )}
        </SchemaForm>
      </PickerContext>
    </Dialog>
  );
}

function textIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The application's own names for roles, or the house's where it has none. */
function schemaOf(app: AppView, user: UserView | undefined): Schema {
  const named = Object.keys(app.roles);
  const roles = [...new Set([...(named.length > 0 ? named : ['owner', 'admin', 'operator', 'editor', 'viewer']), ...(user ? [user.role_name] : [])])];
  const about = named.map((it) => `${readable(it)}: ${app.roles[it]?.about ?? ''}`).join(' ');
  return {
    type: 'object',
    required: user ? ['role'] : ['email', 'password', 'role'],
    additionalProperties: false,
    properties: {
      ...(user ? {} : { email: { type: 'string', title: 'E-mail', format: 'email', minLength: 3, maxLength: 255 } }),
      name: { type: 'string', title: 'Name', maxLength: 255 },
      role: { type: 'string', title: 'Role', enum: roles, description: about || undefined },
      password: { type: 'string', format: 'password', title: user ? 'New password' : 'Password', minLength: 12, maxLength: 200, description: user ? 'Left empty, the old one holds. A new one ends all sessions.' : 'At least 12 characters.' },
    },
  };
}
