import { useQueryClient } from '@tanstack/react-query';

import { answer, api } from '../../api/client';
import { readable } from '../../api/description';
import { meQuery } from '../../api/queries';
import type { Schema } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Card, Page } from '../../ui/Page';
import { toast } from '../../ui/Toast';
import { Picture } from './Picture';

const PROFILE: Schema = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', title: 'Name', minLength: 1, maxLength: 255 },
    about: { type: 'string', title: 'About', maxLength: 2000, description: 'What you say of yourself.' },
  },
};

/** One's own account. */
export default function AccountPage() {
  const { me, app } = useHouse();
  const client = useQueryClient();
  const role = me.role_name ?? me.role ?? '';
  return (
    <Page title="Your account" about={me.username ?? me.email}>
      <div className="cards">
        <Card title="About you">
          <div className="stack stack--wide">
            <Picture />
            <SchemaForm
              schema={PROFILE}
              value={{ name: me.name, about: me.about ?? '' }}
              submit="Save"
              run={async ({ name, about }) => {
                client.setQueryData(meQuery.queryKey, await answer(api.PATCH('/api/me', { body: { name: String(name), about: String(about ?? '') } })));
                toast('Saved.', 'good');
              }}
            />
          </div>
        </Card>
        <Card title="Password">
          <PasswordForm />
        </Card>
        <Card title="What you may do">
          <div className="stack">
            <p>
              <strong>{readable(role)}</strong>
              {app.roles[role]?.about && <span className="soft">: {app.roles[role]?.about}</span>}
            </p>
            <div className="row" style={{ gap: 4 }}>
              {me.permissions.map((it) => (
                <Badge key={it}>{readable(it)}</Badge>
              ))}
            </div>
          </div>
        </Card>
      </div>
    </Page>
  );
}

function PasswordForm() {
  return (
    <SchemaForm
      schema={{
        type: 'object',
        required: ['current_password', 'password'],
        additionalProperties: false,
        properties: {
          current_password: { type: 'string', title: 'Password now', format: 'password', minLength: 1 },
          password: { type: 'string', title: 'New password', format: 'password', minLength: 8, maxLength: 1024, description: 'At least 8 characters. Other sessions end.' },
        },
      }}
      submit="Change password"
      run={async ({ current_password, password }) => {
        await answer(api.PUT('/api/me/password', { body: { current_password: String(current_password), password: String(password) } }));
        toast('The new password holds from now on.', 'good');
      }}
    />
  );
}
