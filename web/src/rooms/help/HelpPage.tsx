/** What the application says to help its people, and what it offers them. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';

import { frontendQuery } from '../../api/rounds';
import { useHouse } from '../../app/house';
import { usePlaces } from '../../app/Navigation';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { languageName } from '../../ui/format';
import { Card, Page } from '../../ui/Page';
import { Prose } from '../chat/Prose';
import { helpLanguages, sectionsOf } from './sections';
import '../chat/chat.css';

const route = getRouteApi('/house/help');
const NOTHING: ReadonlySet<number> = new Set();

export default function HelpPage() {
  const { app } = useHouse();
  const { language: chosen } = route.useSearch();
  const navigate = useNavigate();
  const query = useQuery(frontendQuery);
  const languages = query.data ? helpLanguages(query.data) : [];
  const own = navigator.language.slice(0, 2);
  const language = languages.find((it) => it === chosen) ?? languages.find((it) => it === own) ?? languages.find((it) => it === query.data?.language) ?? languages[0];
  const sections = query.data && language ? sectionsOf(query.data, language) : [];
  return (
    <Page
      title="Help"
      about={app.about}
      actions={
        languages.length > 1 && (
          <select className="input" style={{ width: 'auto' }} aria-label="Language" value={language} onChange={(event) => void navigate({ to: '/help', search: (now) => ({ tenant: now.tenant, language: event.target.value }), replace: true })}>
            {languages.map((it) => (
              <option key={it} value={it}>
                {languageName(it)}
              </option>
            ))}
          </select>
        )
      }
    >
      {query.isPending && <Skeleton lines={6} />}
      <ErrorNote error={query.error} retry={() => void query.refetch()} />
      {sections.map((it) => (
        <Card key={it.title} title={it.title}>
          <div lang={language}>
            <Prose text={it.text} known={NOTHING} cite={(number) => `[${number}]`} />
          </div>
        </Card>
      ))}
      <Tasks />
      <Places />
    </Page>
  );
}

function Tasks() {
  const { app } = useHouse();
  const told = Object.entries(app.tasks).filter(([, it]) => it.about);
  if (told.length === 0) return null;
  return (
    <Card title="What it does">
      <dl className="facts">
        {told.map(([name, it]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{it.title}</dt>
            <dd>{it.about}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function Places() {
  const groups = usePlaces();
  return (
    <Card title="Where things are">
      <ul className="row">
        {groups.flatMap((group) =>
          group.places.map((it) => (
            <li key={it.label}>
              <Link {...it.link} className="button button--small">
                {it.label}
              </Link>
            </li>
          )),
        )}
      </ul>
      <p className="quiet" style={{ marginTop: 10 }}>
        <kbd className="kbd">?</kbd> shows the keys that act, <kbd className="kbd">Ctrl</kbd> <kbd className="kbd">K</kbd> leads anywhere.
      </p>
    </Card>
  );
}
