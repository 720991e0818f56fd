import { readable } from '../../api/description';
import { useHouse } from '../../app/house';
import { Card, Page } from '../../ui/Page';

/** What runs here, and where its documentation is. */
export default function AboutPage() {
  const { app, can } = useHouse();
  const roles = Object.entries(app.roles);
  return (
    <Page title="About" about={app.about}>
      <div className="cards">
        <Card title={app.title}>
          <dl className="facts">
            <dt>Application</dt>
            <dd>
              <code>{app.app}</code>
            </dd>
            <dt>Version</dt>
            <dd>{app.version}</dd>
            <dt>Answers by</dt>
            <dd>{app.model.complete ? <code>{app.model.complete}</code> : 'rules: no model is configured'}</dd>
            <dt>Search by meaning</dt>
            <dd>{app.model.embed ? <code>{app.model.embed}</code> : 'off: no model for embeddings is configured'}</dd>
          </dl>
        </Card>
        <Card title="For programs">
          <ul className="stack" style={{ gap: 6 }}>
            <Out href="/docs" label="API, to read" note="every path with its fields and errors" />
            <Out href="/openapi.json" label="API, for tools" note="OpenAPI 3.1" />
            <Out href="/health" label="Health" note="JSON" />
            <Out href="/metrics" label="Metrics" note="for Prometheus" />
            {can('read_internals') && <Out href="/__debug/routes" label="Routes" note="what is registered" />}
          </ul>
        </Card>
        {roles.length > 0 && (
          <Card title="Roles">
            <dl className="facts">
              {roles.map(([name, role]) => (
                <div key={name} style={{ display: 'contents' }}>
                  <dt>{readable(name)}</dt>
                  <dd>
                    {role.about}{' '}
                    <span className="quiet">
                      As {role.role}
                      {app.tenants && (role.tenants === 'all' ? `, all ${app.tenants.plural}` : `, one ${app.tenants.noun}`)}.
                    </span>
                  </dd>
                </div>
              ))}
            </dl>
          </Card>
        )}
      </div>
    </Page>
  );
}

function Out({ href, label, note }: { href: string; label: string; note: string }) {
  return (
    <li>
      <a href={href} target="_blank" rel="noreferrer">
        {label}
      </a>
      <div className="quiet">{note}</div>
    </li>
  );
}
