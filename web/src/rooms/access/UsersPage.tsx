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
import { EraseUser } from './EraseUser';

/** The people who may sign in, and as what. */
export default function UsersPage() {
  const { app, me, tenant, can } = useHouse();
  const client = useQueryClient();
  const query = useQuery(usersQuery(tenant));
  const [creating, setCreating] = useState(false);
  const [editing, setEditing] = useState<UserView | null>(null);
  const [switching, setSwitching] = useState<UserView | null>(null);
  const [erasing, setErasing] = useState<UserView | null>(null);
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
          app.sign_in === 'username' && { id: 'username', label: 'Signs in as', kind: 'wrap', cell: (it) => it.username ?? '–' },
          { id: 'email', label: 'E-mail', kind: 'wrap', cell: (it) => it.email ?? '–' },
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
                  label={`Acts on ${signsInAs(it)}`}
                  trigger={<IconButton small icon="more" label={`More for ${signsInAs(it)}`} />}
                  items={[
                    { label: 'Edit', icon: 'edit', run: () => setEditing(it) },
                    it.id !== me.id && { label: it.disabled_at ? 'Let sign in again' : 'Lock out', icon: 'lock', run: () => setSwitching(it) },
                    it.id !== me.id && can('erase_records') && { label: 'Erase for good', icon: 'trash', bad: true, apart: true, run: () => setErasing(it) },
                  ]}
                />
              </>
            ),
          },
        ]}
      />
      {creating && <UserForm onClose={() => setCreating(false)} />}
      {editing && <UserForm user={editing} onClose={() => setEditing(null)} />}
      {erasing && <EraseUser user={erasing} onClose={() => setErasing(null)} />}
      {switching && (
        <Confirm
          open
          onClose={() => setSwitching(null)}
          kind={switching.disabled_at ? 'main' : 'bad'}
          title={switching.disabled_at ? `Let ${signsInAs(switching)} sign in again?` : `Lock ${signsInAs(switching)} out?`}
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
  const hasNames = app.sign_in === 'username';
  const before = user ? { ...(hasNames ? { username: user.username ?? '' } : {}), name: user.name, role: user.role_name } : undefined;
  return (
    <Dialog open onClose={onClose} title={user ? `Edit ${signsInAs(user)}` : 'New user'}>
      <PickerContext value={null}>
        <SchemaForm
          schema={schemaOf(app, user)}
          value={before}
          submit={user ? 'Save user' : 'Create user'}
          onCancel={onClose}
          run={async (data) => {
            if (user) {
              const { username, name, role, password } = changed(before ?? {}, data);
              const body = { username: textIn(username), name: textIn(name), role: textIn(role), password: textIn(password), ...(tenant !== user.tenant ? { tenant } : {}) };
              await answer(api.PATCH('/api/users/{user}', { params: { path: { user: user.id } }, body }));
            } else {
              const role = String(data.role);
              // A role of the application says by itself how far it reaches; a role of the house does not.
              const own = app.roles[role]?.tenants;
              const reach = own === 'all' ? {} : own || tenant || !app.tenants ? { tenant } : { reaches: 'all' as const };
              await answer(api.POST('/api/users', { body: { email: textIn(data.email), username: textIn(data.username), name: String(data.name ?? ''), password: String(data.password), role, ...reach } }));
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

/** What somebody is known by at the door. */
function signsInAs(user: UserView): string {
  return user.username ?? user.email ?? user.id;
}

function textIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The application's own names for roles, or the house's where it has none. */
function schemaOf(app: AppView, user: UserView | undefined): Schema {
  const named = Object.keys(app.roles);
  const hasNames = app.sign_in === 'username';
  const roles = [...new Set([...(named.length > 0 ? named : ['owner', 'admin', 'operator', 'editor', 'viewer']), ...(user ? [user.role_name] : [])])];
  const about = named.map((it) => `${readable(it)}: ${app.roles[it]?.about ?? ''}`).join(' ');
  return {
    type: 'object',
    required: user ? ['role'] : [hasNames ? 'username' : 'email', 'password', 'role'],
    additionalProperties: false,
    properties: {
      ...(hasNames ? { username: { type: 'string', title: 'Name to sign in by', minLength: 3, maxLength: 50, pattern: '^[A-Za-z0-9_-]*$', description: 'Letters, digits, _ and -.' } } : {}),
      ...(user ? {} : { email: { type: 'string', title: 'E-mail', format: 'email', minLength: 3, maxLength: 255 } }),
      name: { type: 'string', title: 'Name', maxLength: 255 },
      role: { type: 'string', title: 'Role', enum: roles, description: about || undefined },
      password: { type: 'string', format: 'password', title: user ? 'New password' : 'Password', minLength: 8, maxLength: 256, description: user ? 'Left empty, the old one holds. A new one ends all sessions.' : 'At least 8 characters.' },
    },
  };
}
