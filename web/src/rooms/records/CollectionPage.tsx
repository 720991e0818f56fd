import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { importOf, shelves, withArticle } from '../../api/description';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { useShortcuts } from '../../ui/Shortcuts';
import { CreateRecord } from './RecordForm';
import { RecordTable } from './RecordTable';

const route = getRouteApi('/house/data/$collection');

/** All records of a collection. */
export default function CollectionPage() {
  const { collection: name } = route.useParams();
  const listing = route.useSearch();
  const navigate = useNavigate();
  const { app, can } = useHouse();
  const [creating, setCreating] = useState(false);
  const view = app.collections[name];

  const mayWrite = can(view?.shared ? 'manage_reference' : 'write_records');
  const mayImport = mayWrite && importOf(app, name) !== null;
  useShortcuts(mayWrite && view ? [{ keys: 'n', about: `New ${view.noun}`, run: () => setCreating(true) }] : []);

  if (!view) return <NotFound />;
  const title = shelves(app).find((it) => it.name === name)?.title ?? view.plural;
  return (
    <Page
      fill
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
      <RecordTable
        name={name}
        listing={listing}
        onListing={(next) => void navigate({ to: '/data/$collection', params: { collection: name }, search: (now) => ({ tenant: now.tenant, ...next }), replace: true })}
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
