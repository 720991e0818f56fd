import { useQueryClient } from '@tanstack/react-query';

import { answer, api } from '../../api/client';
import { readable } from '../../api/description';
import { meQuery } from '../../api/queries';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Card, Page } from '../../ui/Page';
import { toast } from '../../ui/Toast';

/** One's own account. */
export default function AccountPage() {
  const { me, app } = useHouse();
  const client = useQueryClient();
  const role = me.role_name ?? me.role ?? '';
  return (
    <Page title="Your account" about={me.email}>
      <div className="cards">
        <Card title="Name">
          <SchemaForm
            schema={{ type: 'object', required: ['name'], properties: { name: { type: 'string', title: 'Name', minLength: 1, maxLength: 255 } }, additionalProperties: false }}
            value={{ name: me.name }}
            submit="Save name"
            run={async ({ name }) => {
              client.setQueryData(meQuery.queryKey, await answer(api.PATCH('/api/me', { body: { name: String(name) } })));
              toast('Saved.', 'good');
            }}
          />
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
          password: { type: 'string', title: 'New password', format: 'password', minLength: 12, maxLength: 200, description: 'At least 12 characters. Other sessions end.' },
        },
      }}
      submit="Change password"
      run={async ({ current_password, password }) => {
        await answer(api.PATCH('/api/me', { body: { current_password: String(current_password), password: String(password) } }));
        toast('The new password holds from now on.', 'good');
      }}
    />
  );
}
