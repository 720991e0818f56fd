/** A list of records: filters, the table, what to do when it is empty. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';

import { capital } from '../../api/description';
import { recordsQuery } from '../../api/queries';
import type { RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Empty } from '../../ui/Empty';
import { Time } from '../../ui/Time';
import type { Column } from '../../ui/table/DataTable';
import { ListTable } from '../../ui/table/ListTable';
import { TenantName } from '../tenants/TenantName';
import { columnsOf } from './columns';
import { ColumnMenu, useHidden } from './ColumnMenu';
import { Filters } from './Filters';
import { RestoreButton } from './RestoreButton';

export interface Listing {
  q?: string;
  deleted?: boolean;
  by?: Record<string, string>;
}

interface Props {
  name: string;
  parent?: RecordView;
  listing: Listing;
  onListing: (next: Listing) => void;
  empty: ReactNode;
}

export function RecordTable({ name, parent, listing, onListing, empty }: Props) {
  const { app, tenant, allTenants } = useHouse();
  const navigate = useNavigate();
  const [hidden, toggle] = useHidden(name);
  const view = app.collections[name];
  const owner = parent?.tenant ?? tenant;
  const query = useInfiniteQuery(
    recordsQuery(name, {
      tenant: view?.shared ? undefined : owner,
      parent: parent?.id,
      search: listing.q,
      deleted: listing.deleted,
      filters: listing.by,
    }),
  );

  const columns = useMemo<Column<RecordView>[]>(() => {
    if (!view) return [];
    const declared = columnsOf(view, (record, content) => (
      <>
        <Link to="/records/$record" params={{ record: record.id }} className="cut" style={{ fontWeight: 540 }}>
          {content}
        </Link>
        {record.lock && <Badge tone="info">Locked</Badge>}
      </>
    ));
    return [
      ...declared,
      ...(view.versioned ? [{ id: 'version', label: 'Active version', width: 150, cell: (record: RecordView) => <ActiveVersion record={record} /> }] : []),
      ...(allTenants && !view.shared && !parent ? [{ id: 'tenant', label: capital(app.tenants?.noun ?? 'tenant'), width: 190, cell: (record: RecordView) => <TenantName id={record.tenant} /> }] : []),
      listing.deleted
        ? { id: 'deleted_at', label: 'Deleted', width: 220, cell: (record) => <DeletedCell record={record} /> }
        : { id: 'updated_at', label: 'Updated', width: 130, cell: (record) => <span className="quiet"><Time at={record.updated_at} /></span> },
    ];
  }, [view, allTenants, parent, app, listing.deleted]);

  if (!view) return null;
  const narrowed = Boolean(listing.q) || Object.keys(listing.by ?? {}).length > 0;
  return (
    <>
      <div className="toolbar">
        <Filters
          collection={view}
          tenant={owner}
          search={listing.q ?? ''}
          by={listing.by ?? {}}
          onSearch={(q) => onListing({ ...listing, q: q || undefined })}
          onFilter={(by) => onListing({ ...listing, by: Object.keys(by).length > 0 ? by : undefined })}
        />
        <span className="grow" />
        <label className="check">
          <input type="checkbox" checked={listing.deleted ?? false} onChange={(event) => onListing({ ...listing, deleted: event.target.checked || undefined })} />
          With deleted ones
        </label>
        <ColumnMenu columns={columns} hidden={hidden} toggle={toggle} />
      </div>
      <ListTable
        label={capital(view.plural)}
        noun={view.noun}
        plural={view.plural}
        columns={columns}
        hidden={hidden}
        query={query}
        onOpen={(record) => void navigate({ to: '/records/$record', params: { record: record.id } })}
        isGone={(record) => record.deleted_at !== null}
        empty={
          narrowed ? (
            <Empty icon="search" title={`No ${view.plural} match`}>
              Take a filter away, or search for fewer words.
            </Empty>
          ) : (
            empty
          )
        }
      />
    </>
  );
}

function ActiveVersion({ record }: { record: RecordView }) {
  if (!record.active_version) return <span className="quiet">none yet</span>;
  return (
    <span className="cut">
      <Badge tone="accent">v{record.active_version.number}</Badge> <span className="quiet">{record.active_version.label}</span>
    </span>
  );
}

/** Deleted ones stay for a while and can be restored. */
function DeletedCell({ record }: { record: RecordView }) {
  if (!record.deleted_at) return <span className="quiet">–</span>;
  return (
    <>
      <span className="quiet">
        <Time at={record.deleted_at} />
      </span>
      <RestoreButton record={record} small />
    </>
  );
}
