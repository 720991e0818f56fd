import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';

import { datesOf, importOf, shelves, withArticle } from '../../api/description';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Empty, Skeleton } from '../../ui/Empty';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { useShortcuts } from '../../ui/Shortcuts';
import { CreateRecord } from './RecordForm';
import { RecordTable } from './RecordTable';

const CalendarView = lazy(() => import('../calendar/CalendarView').then((it) => ({ default: it.CalendarView })));
const OverTime = lazy(() => import('../calendar/OverTime').then((it) => ({ default: it.OverTime })));

const route = getRouteApi('/house/data/$collection');

/** Ways to look at a collection whose records have days. */
const WAYS = { table: 'Table', calendar: 'Calendar', time: 'Over time' } as const;
type Way = keyof typeof WAYS;

/** All records of a collection. */
export default function CollectionPage() {
  const { collection: name } = route.useParams();
  const { view: seen, on, month, each, part, ...listing } = route.useSearch();
  const navigate = useNavigate();
  const { app, can } = useHouse();
  const [creating, setCreating] = useState(false);
  const view = app.collections[name];

  const mayWrite = can(view?.shared ? 'manage_reference' : 'write_records');
  const mayImport = mayWrite && importOf(app, name) !== null;
  useShortcuts(mayWrite && view ? [{ keys: 'n', about: `New ${view.noun}`, run: () => setCreating(true) }] : []);

  if (!view) return <NotFound />;
  const title = shelves(app).find((it) => it.name === name)?.title ?? view.plural;
  const dates = datesOf(view);
  const way: Way = dates.length === 0 ? 'table' : seen === 'calendar' || seen === 'agenda' ? 'calendar' : seen === 'time' ? 'time' : 'table';
  const look = (next: { view?: string; on?: string; month?: string; each?: string; part?: string }) =>
    void navigate({ to: '/data/$collection', params: { collection: name }, search: (now) => ({ ...now, ...next }), replace: true });
  const narrow = (next: object) => void navigate({ to: '/data/$collection', params: { collection: name }, search: (now) => ({ tenant: now.tenant, view: now.view, on: now.on, month: now.month, ...next }), replace: true });
  return (
    <Page
      fill={way === 'table'}
      title={title}
      actions={
        mayWrite && (
          <>
            {mayImport && (
              <Link to="/data/$collection/import" params={{ collection: name }} className={`button ${view.versioned ? 'button--main' : ''}`}>
                <Icon name="upload" />
                Import
              </Link>
            )}
            <Button kind={mayImport && view.versioned ? undefined : 'main'} icon="plus" onClick={() => setCreating(true)}>
              New {view.noun}
            </Button>
          </>
        )
      }
    >
      {dates.length > 0 && (
        <nav className="tabs" aria-label="Ways to look">
          {(Object.keys(WAYS) as Way[]).map((it) => (
            <button key={it} type="button" className="tab" aria-current={it === way ? 'page' : undefined} onClick={() => look({ view: it === 'table' ? undefined : it })}>
              {WAYS[it]}
            </button>
          ))}
        </nav>
      )}
      <Suspense fallback={<Skeleton lines={8} />}>
        {way === 'calendar' && <CalendarView name={name} view={view} listing={listing} choice={{ view: seen, on, month }} onListing={narrow} onChoice={look} />}
        {way === 'time' && <OverTime name={name} view={view} choice={{ on, each, part }} onChoice={look} />}
      </Suspense>
      {way === 'table' && (
        <RecordTable
          name={name}
          listing={listing}
          onListing={narrow}
          empty={
            <Empty
              icon={view.versioned ? 'book' : 'file'}
              title={`No ${view.plural} yet`}
              action={
                mayWrite &&
                (mayImport ? (
                  <Link to="/data/$collection/import" params={{ collection: name }} className="button button--main">
                    <Icon name="upload" /> Import a list
                  </Link>
                ) : (
                  <Button kind="main" icon="plus" onClick={() => setCreating(true)}>
                    New {view.noun}
                  </Button>
                ))
              }
            >
              {mayImport ? `Import a file to begin ${withArticle(view.noun)}.` : `Create the first one by hand.`}
            </Empty>
          }
        />
      )}
      {creating && (
        <CreateRecord
          collection={name}
          open
          onClose={() => setCreating(false)}
          onDone={(record) => {
            setCreating(false);
            void navigate({ to: '/records/$record', params: { record: record.id } });
          }}
        />
      )}
    </Page>
  );
}
