/** The audit log as a table; an entry opens at the side, with what it changed. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { capital, readable } from '../../api/description';
import { type AuditQuery, auditQuery } from '../../api/queries';
import type { AuditEntry } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Changes } from '../../ui/Diff';
import { Dialog } from '../../ui/Dialog';
import { valueDiff } from '../../ui/diff';
import { Empty } from '../../ui/Empty';
import { Time } from '../../ui/Time';
import type { Column } from '../../ui/table/DataTable';
import { ListTable } from '../../ui/table/ListTable';
import { PersonName } from '../access/PersonName';
import { TenantName } from '../tenants/TenantName';

export function AuditList({ query: filter }: { query: AuditQuery }) {
  const { app } = useHouse();
  const query = useInfiniteQuery(auditQuery(filter));
  const [open, setOpen] = useState<AuditEntry | null>(null);
  const withTenant = app.tenants !== null && !filter.tenant && !filter.record;
  const columns = useMemo<Column<AuditEntry>[]>(
    () => [
      { id: 'at', label: 'When', width: 130, cell: (it) => <span className="quiet"><Time at={it.at} /></span> },
      { id: 'action', label: 'Action', width: 190, cell: (it) => <Badge>{readable(it.action)}</Badge> },
      { id: 'summary', label: 'What', width: 320, grows: true, cell: (it) => <span className="cut" title={it.summary}>{it.summary}</span> },
      { id: 'actor', label: 'Who', width: 200, cell: (it) => <PersonName id={it.actor} /> },
      ...(withTenant ? [{ id: 'tenant', label: capital(app.tenants?.noun ?? 'tenant'), width: 170, cell: (it: AuditEntry) => <TenantName id={it.tenant} /> }] : []),
      { id: 'tokens', label: 'Tokens', width: 100, align: 'right', cell: (it) => (it.tokens_used ? it.tokens_used.toLocaleString('en') : <span className="quiet">–</span>) },
    ],
    [withTenant, app],
  );
  return (
    <>
      <ListTable
        label="Audit log"
        noun="entry"
        plural="entries"
        columns={columns}
        query={query}
        onOpen={setOpen}
        empty={
          <Empty icon="audit" title="No entries">
            Whatever is changed, by whom and why, stands here. Widen the filters to see more.
          </Empty>
        }
      />
      {open && <EntrySheet entry={open} onClose={() => setOpen(null)} />}
    </>
  );
}

function EntrySheet({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  const { before, after, why, address, request_id } = entry.details;
  const changes = valueDiff(before, after);
  return (
    <Dialog open onClose={onClose} shape="side" title={readable(entry.action)} about={entry.summary}>
      <div className="stack stack--wide">
        <dl className="facts">
          <dt>When</dt>
          <dd>
            <Time at={entry.at} exact />
          </dd>
          <dt>Who</dt>
          <dd>
            <PersonName id={entry.actor} />
          </dd>
          {why && (
            <>
              <dt>Why</dt>
              <dd>{why}</dd>
            </>
          )}
          <dt>Subject</dt>
          <dd>
            {entry.record ? (
              <Link to="/records/$record" params={{ record: entry.record }} onClick={onClose}>
                {entry.subject}
              </Link>
            ) : (
              <code>{entry.subject}</code>
            )}
          </dd>
          {entry.tokens_used !== null && (
            <>
              <dt>Tokens</dt>
              <dd>{entry.tokens_used.toLocaleString('en')}</dd>
            </>
          )}
          {address && (
            <>
              <dt>Address</dt>
              <dd>
                <code>{address}</code>
              </dd>
            </>
          )}
          {request_id && (
            <>
              <dt>Request</dt>
              <dd>
                <code>{request_id}</code>
              </dd>
            </>
          )}
        </dl>
        <section className="stack" style={{ gap: 6 }}>
          <h3>What changed</h3>
          {before !== null || after !== null ? <Changes changes={changes} label={readable} /> : <p className="quiet">This act keeps no before and after.</p>}
        </section>
      </div>
    </Dialog>
  );
}
