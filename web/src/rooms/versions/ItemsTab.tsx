/** The records that a version of a record holds. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { capital, importOf } from '../../api/description';
import { recordQuery, versionRecordsQuery, versionsQuery } from '../../api/queries';
import type { RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Note } from '../../ui/Note';
import { rowsOf } from '../../ui/table/cursor';
import { ListTable } from '../../ui/table/ListTable';
import { ColumnMenu, useHidden } from '../records/ColumnMenu';
import { columnsOf } from '../records/columns';
import { Filters } from '../records/Filters';
import { ActivateButton } from './ActivateButton';
import { ItemSheet } from './ItemSheet';
import { shownOf } from './version';
import { VersionPicker } from './VersionPicker';

const route = getRouteApi('/house/records/$record');

export function ItemsTab({ record }: { record: RecordView }) {
  const { app, can } = useHouse();
  const navigate = useNavigate({ from: '/records/$record' });
  const search = route.useSearch();
  const childName = app.collections[record.collection]?.versioned?.children ?? '';
  const view = app.collections[childName];
  const [hidden, toggle] = useHidden(childName);
  const [adding, setAdding] = useState(false);
  const versions = useQuery(versionsQuery(record.id));
  const all = versions.data?.items ?? [];
  const version = shownOf(all, search.version);
  const listing = { search: search.q, filters: search.by };
  const query = useInfiniteQuery({ ...versionRecordsQuery(version?.id ?? '', listing), enabled: Boolean(version) });
  const rows = rowsOf(query.data);

  const set = (next: Partial<typeof search>) => void navigate({ to: '/records/$record', params: { record: record.id }, search: (now) => ({ ...now, ...next }), replace: true });
  const columns = useMemo(
    () => (view ? columnsOf(view, (_, content) => <span style={{ fontWeight: 540, minWidth: 0 }}>{content}</span>) : []),
    [view],
  );

  // An item may be named by an address without having been scrolled to.
  // It never changes, so what was read once stays, also when a newer version takes the table.
  const { data: item } = useQuery({ ...recordQuery(search.item ?? ''), enabled: Boolean(search.item), initialData: () => rows.find((it) => it.id === search.item), staleTime: Infinity });

  if (!view) return null;
  if (versions.isError) return <ErrorNote error={versions.error} retry={() => void versions.refetch()} />;
  const mayWrite = can('write_records') && !record.deleted_at && importOf(app, record.collection) !== null;
  if (versions.isSuccess && !version) {
    return (
      <Empty
        icon="book"
        title={record.lock ? `The first version is being made` : `No ${view.plural} yet`}
        action={
          mayWrite && !record.lock ? (
            <Link to="/records/$record/change" params={{ record: record.id }} className="button button--main">
              Add {view.plural} from a file
            </Link>
          ) : undefined
        }
      >
        {record.lock ? 'This page shows it as soon as it is ready.' : `A version comes into being when ${view.plural} are imported.`}
      </Empty>
    );
  }
  const narrowed = Boolean(search.q) || Object.keys(search.by ?? {}).length > 0;
  return (
    <>
      <div className="toolbar">
        <VersionPicker label="Version" versions={all} value={version?.id} onChange={(id) => set({ version: all.find((it) => it.id === id)?.is_active ? undefined : id, item: undefined })} />
        <Filters
          collection={view}
          tenant={record.tenant}
          search={search.q ?? ''}
          by={search.by ?? {}}
          onSearch={(q) => set({ q: q || undefined })}
          onFilter={(by) => set({ by: Object.keys(by).length > 0 ? by : undefined })}
        />
        <span className="grow" />
        <ColumnMenu columns={columns} hidden={hidden} toggle={toggle} />
        {mayWrite && (
          <Button icon="plus" onClick={() => setAdding(true)}>
            Add {view.noun}
          </Button>
        )}
      </div>
      {version && !version.is_active && version.state === 'ready' && (
        <Note tone="warn">
          <div className="row row--between">
            <span>
              Version {version.number} is not the active one. {record.active_version ? `Version ${record.active_version.number} is.` : 'None is yet.'}
            </span>
            <span className="row">
              {record.active_version && (
                <Link to="/records/$record" params={{ record: record.id }} search={{ tab: 'compare', from: record.active_version.id, to: version.id }} className="button button--small">
                  Compare with the active one
                </Link>
              )}
              <ActivateButton record={record} version={version} small />
            </span>
          </div>
        </Note>
      )}
      <ListTable
        label={`${capital(view.plural)} of version ${version?.number ?? ''}`}
        noun={view.noun}
        plural={view.plural}
        columns={columns}
        hidden={hidden}
        query={query}
        onOpen={(row) => set({ item: row.id })}
        empty={
          narrowed ? (
            <Empty icon="search" title={`No ${view.plural} match`}>
              Take a filter away, or search for fewer words.
            </Empty>
          ) : (
            <Empty title={`This version holds no ${view.plural}`} />
          )
        }
      />
      {((search.item && item) || adding) && (
        <ItemSheet
          key={item?.id ?? 'new'}
          record={record}
          collection={childName}
          item={adding ? undefined : item}
          onClose={() => {
            setAdding(false);
            set({ item: undefined });
          }}
          around={adding || !item ? undefined : neighbours(rows, item.id, (id) => set({ item: id }))}
        />
      )}
    </>
  );
}

/** The rows before and after, to leaf through them. */
function neighbours(rows: RecordView[], id: string, open: (id: string) => void) {
  const at = rows.findIndex((it) => it.id === id);
  const before = rows[at - 1];
  const after = rows[at + 1];
  return { before: at > 0 && before ? () => open(before.id) : undefined, after: at >= 0 && after ? () => open(after.id) : undefined };
}
