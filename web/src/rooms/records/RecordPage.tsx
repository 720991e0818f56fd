import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, Navigate, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { capital, fieldOf, importOf, inside, labelOf, schemaOf, tasksOn, titleOf } from '../../api/description';
import { recordQuery, versionsQuery } from '../../api/queries';
import type { AppView, RecordView } from '../../api/types';
import { NotFound, Pending } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { useJob } from '../../app/jobs';
import { Badge } from '../../ui/Badge';
import { IconButton } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Icon } from '../../ui/Icon';
import { Menu } from '../../ui/Menu';
import { Note } from '../../ui/Note';
import { Card, Page } from '../../ui/Page';
import { Progress } from '../../ui/Progress';
import { TabLink } from '../../ui/TabLink';
import { Time } from '../../ui/Time';
import { AuditList } from '../audit/AuditList';
import { AskAbout, ChatsAbout } from '../chat/AskAbout';
import { useAskable } from '../chat/useAbout';
import { ProposalsTab } from '../proposals/ProposalsTab';
import { TasksTab } from '../tasks/TasksTab';
import { CompareTab } from '../versions/CompareTab';
import { ExportMenu } from '../versions/ExportMenu';
import { ItemsTab } from '../versions/ItemsTab';
import { VersionsTab } from '../versions/VersionsTab';
import { DeleteRecord } from './DeleteRecord';
import { CreateRecord, EditRecord } from './RecordForm';
import { RecordTable } from './RecordTable';
import { RestoreButton } from './RestoreButton';
import { Value } from './Value';
import './records.css';

const route = getRouteApi('/house/records/$record');

/** One record: what it is, and for a versioned one what its versions hold. */
export default function RecordPage() {
  const { record: id } = route.useParams();
  const { app } = useHouse();
  const query = useQuery(recordQuery(id));

  if (query.isPending) return <Pending />;
  if (query.isError) {
    return (
      <Page title="Record">
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  }
  const record = query.data;
  if (!app.collections[record.collection]) return <NotFound />;
  // What lies in a version is looked at there.
  if (record.version && record.parent) {
    return <Navigate to="/records/$record" params={{ record: record.parent }} search={{ version: record.version, item: record.id }} replace />;
  }
  return <Shown record={record} />;
}

interface Tab {
  id: string;
  label: string;
  count?: number;
  /** Has a table that scrolls by itself. */
  fill?: boolean;
}

function Shown({ record }: { record: RecordView }) {
  const { app, can } = useHouse();
  const navigate = useNavigate();
  const { tab: chosen } = route.useSearch();
  const [deleting, setDeleting] = useState(false);
  const view = app.collections[record.collection];
  const versions = useQuery({ ...versionsQuery(record.id), enabled: Boolean(view?.versioned) });
  const asked = useAskable(record.collection);
  if (!view) return null;

  const children = view.versioned ? app.collections[view.versioned.children] : undefined;
  const tasks = tasksOn(app, record.collection);
  const proposes = Object.values(app.tasks).some((it) => it.proposes && it.on === view.versioned?.children);
  const tabs: Tab[] = [
    ...(children
      ? [
          { id: 'items', label: capital(children.plural), fill: true },
          { id: 'versions', label: 'Versions', count: versions.data?.items.length },
          { id: 'compare', label: 'Compare', fill: true },
          ...(proposes ? [{ id: 'proposals', label: 'Proposals', fill: true }] : []),
        ]
      : []),
    ...(tasks.length > 0 ? [{ id: 'tasks', label: 'Tasks' }] : []),
    { id: 'fields', label: capital(view.noun) },
    ...inside(app, record.collection).map((it) => ({ id: `in-${it.name}`, label: capital(it.view.plural), fill: true })),
    ...(asked && asked.length > 0 ? [{ id: 'chats', label: 'Chats' }] : []),
    ...(can('read_audit') ? [{ id: 'history', label: 'History', fill: true }] : []),
  ];
  const first = children ? 'items' : 'fields';
  const tab = tabs.find((it) => it.id === chosen) ?? tabs.find((it) => it.id === first);
  const mayWrite = can(view.shared ? 'manage_reference' : 'write_records') && !record.deleted_at;
  const mayChange = mayWrite && Boolean(children) && importOf(app, record.collection) !== null;

  return (
    <Page
      fill={tab?.fill}
      title={titleOf(view, record)}
      about={<Facts record={record} />}
      actions={
        <>
          {!record.deleted_at && <AskAbout record={record.id} collection={record.collection} tenant={ownerOf(app, record)} />}
          {children && <ExportMenu record={record} versions={versions.data?.items ?? []} />}
          {mayChange && (
            <Link to="/records/$record/change" params={{ record: record.id }} className="button">
              <Icon name="upload" /> Add or change {children?.plural}
            </Link>
          )}
          {mayWrite && (
            <Menu
              label="More"
              trigger={<IconButton icon="more" label="More" kind="solid" />}
              items={[
                { label: `Edit ${view.noun}`, icon: 'edit', run: () => void navigate({ to: '/records/$record', params: { record: record.id }, search: { tab: 'fields' } }) },
                { label: `Delete ${view.noun}`, icon: 'trash', bad: true, apart: true, run: () => setDeleting(true) },
              ]}
            />
          )}
        </>
      }
    >
      {record.deleted_at && (
        <Note tone="warn">
          <div className="row row--between">
            <span>
              This {view.noun} was deleted <Time at={record.deleted_at} />. It can be restored for a while.
            </span>
            <RestoreButton record={record} />
          </div>
        </Note>
      )}
      {record.lock && <LockNote record={record} />}
      <nav className="tabs" aria-label={`Parts of this ${view.noun}`}>
        {tabs.map((it) => (
          <TabLink key={it.id} label={it.label} count={it.count} link={{ to: '/records/$record', params: { record: record.id }, search: it.id === first ? {} : { tab: it.id } }} isCurrent={it.id === tab?.id} />
        ))}
      </nav>
      <Panel tab={tab?.id ?? first} record={record} />
      {deleting && <DeleteRecord record={record} onClose={() => setDeleting(false)} />}
    </Page>
  );
}

function Panel({ tab, record }: { tab: string; record: RecordView }) {
  const { can, app } = useHouse();
  if (tab.startsWith('in-')) return <InsideTab name={tab.slice(3)} record={record} />;
  switch (tab) {
    case 'items':
      return <ItemsTab record={record} />;
    case 'versions':
      return <VersionsTab record={record} />;
    case 'compare':
      return <CompareTab record={record} />;
    case 'proposals':
      return <ProposalsTab record={record} />;
    case 'tasks':
      return <TasksTab record={record} />;
    case 'chats':
      return (
        <Card>
          <ChatsAbout record={record.id} tenant={ownerOf(app, record)} />
        </Card>
      );
    case 'history':
      return <AuditList query={{ record: record.id, tenant: app.tenants ? record.tenant : undefined }} />;
    default:
      return (
        <div className="card" style={{ maxWidth: 820 }}>
          <div className="card__body">
            <EditRecord record={record} disabled={!can(app.collections[record.collection]?.shared ? 'manage_reference' : 'write_records') || record.deleted_at !== null} />
          </div>
        </div>
      );
  }
}

/** Whose it is, where several share the server and it is not everybody's. */
function ownerOf(app: AppView, record: RecordView): string | undefined {
  return app.tenants && !app.collections[record.collection]?.shared ? record.tenant : undefined;
}

/** The records that lie in this one. */
function InsideTab({ name, record }: { name: string; record: RecordView }) {
  const { app, can } = useHouse();
  const navigate = useNavigate();
  const search = route.useSearch();
  const [creating, setCreating] = useState(false);
  const view = app.collections[name];
  if (!view) return null;
  return (
    <>
      <RecordTable
        name={name}
        parent={record}
        listing={search}
        onListing={(next) => void navigate({ to: '/records/$record', params: { record: record.id }, search: (now) => ({ tenant: now.tenant, tab: `in-${name}`, ...next }), replace: true })}
        empty={<Empty title={`No ${view.plural} yet`}>Add the first one below.</Empty>}
      />
      {can('write_records') && (
        <div className="row row--end">
          <button type="button" className="button button--main" onClick={() => setCreating(true)}>
            <Icon name="plus" /> New {view.noun}
          </button>
        </div>
      )}
      {creating && <CreateRecord collection={name} parent={record} open onClose={() => setCreating(false)} onDone={() => setCreating(false)} />}
    </>
  );
}

function Facts({ record }: { record: RecordView }) {
  const { app } = useHouse();
  const view = app.collections[record.collection];
  if (!view) return null;
  const columns = view.columns.filter((it) => it !== view.title && fieldOf(record.data, it) !== null && fieldOf(record.data, it) !== undefined).slice(0, 4);
  return (
    <dl className="facts--line">
      {record.number !== null && (
        <div>
          <dt className="quiet">Number</dt>
          <dd className="number">{record.number}</dd>
        </div>
      )}
      {record.active_version && (
        <div>
          <dt className="unseen">Active version</dt>
          <dd>
            <Badge tone="accent">v{record.active_version.number} active</Badge>
          </dd>
        </div>
      )}
      {columns.map((field) => (
        <div key={field} className="fact">
          <dt className="quiet">{labelOf(view.schema, field)}</dt>
          <dd className="cut">
            <Value value={fieldOf(record.data, field)} schema={schemaOf(view.schema, field)} reference={view.references[field]} />
          </dd>
        </div>
      ))}
      <div>
        <dt className="quiet">Updated</dt>
        <dd>
          <Time at={record.updated_at} />
        </dd>
      </div>
    </dl>
  );
}

/** Who holds the record, and how far they are. */
function LockNote({ record }: { record: RecordView }) {
  const { app } = useHouse();
  const job = useJob(record.lock?.job);
  if (!record.lock) return null;
  return (
    <Note tone="info" role="status">
      <div className="row row--between">
        <span>
          <strong>Locked</strong> by {job.data ? <Link to="/jobs/$job" params={{ job: record.lock.job }}>{job.data.kind.replace(/_/g, ' ')}</Link> : 'a job'} since <Time at={record.lock.at} />. Changes to this{' '}
          {app.collections[record.collection]?.noun} wait until it is done.
        </span>
        {job.data && (
          <span className="row" style={{ width: 200, flexWrap: 'nowrap' }}>
            <Progress value={job.data.progress} label={`Progress of ${job.data.kind}`} />
            <span className="number">{job.data.progress}%</span>
          </span>
        )}
      </div>
    </Note>
  );
}
