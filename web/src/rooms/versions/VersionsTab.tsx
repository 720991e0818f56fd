/** The history of a record: its versions, newest first, and what can be done with each. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Fragment, useState } from 'react';

import { answer, api } from '../../api/client';
import { counted } from '../../api/description';
import { versionsQuery } from '../../api/queries';
import type { Json, RecordView, VersionView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge, StateBadge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { JsonText } from '../../ui/CodeText';
import { Confirm } from '../../ui/Dialog';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Icon } from '../../ui/Icon';
import { Menu } from '../../ui/Menu';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toast';
import { PersonName } from '../access/PersonName';
import { ActivateButton } from './ActivateButton';
import { makerOf, nameOf, originOf } from './version';
import './versions.css';

export function VersionsTab({ record }: { record: RecordView }) {
  const query = useQuery(versionsQuery(record.id));
  const navigate = useNavigate();
  const [marked, setMarked] = useState<string[]>([]);
  const [open, setOpen] = useState<string | null>(null);

  if (query.isPending) return <Skeleton lines={6} />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const versions = [...query.data.items].sort((a, b) => b.number - a.number);
  if (versions.length === 0) {
    return (
      <Empty icon="history" title="No versions yet">
        The first one comes with an import.
      </Empty>
    );
  }

  const mark = (id: string) => setMarked((now) => (now.includes(id) ? now.filter((it) => it !== id) : [...now.slice(-1), id]));
  const pair = versions.filter((it) => marked.includes(it.id));
  return (
    <div className="stack">
      <div className="row row--between">
        <span className="quiet">{pair.length === 2 ? `${nameOf(pair[1] as VersionView)} and ${nameOf(pair[0] as VersionView)} are marked.` : 'Mark two versions to compare them.'}</span>
        <Button
          icon="compare"
          disabled={pair.length !== 2}
          onClick={() => void navigate({ to: '/records/$record', params: { record: record.id }, search: { tab: 'compare', from: pair[1]?.id, to: pair[0]?.id } })}
        >
          Compare the two
        </Button>
      </div>
      <ol className="card versions">
        {versions.map((version) => (
          <Fragment key={version.id}>
            <Row
              record={record}
              version={version}
              isMarked={marked.includes(version.id)}
              onMark={() => mark(version.id)}
              isOpen={open === version.id}
              onOpen={() => setOpen(open === version.id ? null : version.id)}
              base={versions.find((it) => it.id === version.based_on)}
            />
          </Fragment>
        ))}
      </ol>
    </div>
  );
}

interface RowProps {
  record: RecordView;
  version: VersionView;
  isMarked: boolean;
  onMark: () => void;
  isOpen: boolean;
  onOpen: () => void;
  base: VersionView | undefined;
}

function Row({ record, version, isMarked, onMark, isOpen, onOpen, base }: RowProps) {
  const { app, can } = useHouse();
  const navigate = useNavigate();
  const [act, setAct] = useState<'revert' | 'delete' | null>(null);
  const children = app.collections[app.collections[record.collection]?.versioned?.children ?? ''];
  const maker = makerOf(version.produced_by);
  const warnings = Array.isArray(version.warnings) ? version.warnings.length : 0;
  const mayWrite = can('write_records') && !record.deleted_at;

  return (
    <li className={`version ${version.is_active ? 'version--active' : ''}`}>
      <input type="checkbox" className="box" aria-label={`Mark ${nameOf(version)} to compare`} checked={isMarked} disabled={version.state !== 'ready'} onChange={onMark} />
      <div className="grow">
        <div className="row">
          <Link to="/records/$record" params={{ record: record.id }} search={{ version: version.is_active ? undefined : version.id }} className="version__name">
            {nameOf(version)}
          </Link>
          {version.is_active && <Badge tone="good" dot>Active</Badge>}
          {version.state === 'building' && <StateBadge state="building" />}
          <Badge>{originOf(version, version.task ? app.tasks[version.task]?.title : undefined)}</Badge>
          {warnings > 0 && <Badge tone="warn">{counted(warnings, 'warning', 'warnings')}</Badge>}
        </div>
        <p className="quiet version__facts">
          {counted(version.record_count, children?.noun ?? 'record', children?.plural ?? 'records')}
          {maker && <span>{maker}</span>}
          {base && <span>from v{base.number}</span>}
          <span>
            <PersonName id={version.created_by} />, <Time at={version.created_at} />
          </span>
        </p>
        {version.summary && <p className="soft version__summary">{version.summary}</p>}
        {isOpen && <Details version={version} />}
      </div>
      <div className="version__acts row">
        <ActivateButton record={record} version={version} small />
        <IconButton small icon={isOpen ? 'up' : 'down'} label={isOpen ? `Hide the details of v${version.number}` : `Show the details of v${version.number}`} aria-expanded={isOpen} onClick={onOpen} />
        <Menu
          label={`Acts on v${version.number}`}
          trigger={<IconButton small icon="more" label={`More for v${version.number}`} />}
          items={[
            { label: `See its ${children?.plural ?? 'records'}`, icon: 'file', run: () => void navigate({ to: '/records/$record', params: { record: record.id }, search: { version: version.id } }) },
            base && { label: `Compare with v${base.number}`, icon: 'compare', run: () => void navigate({ to: '/records/$record', params: { record: record.id }, search: { tab: 'compare', from: base.id, to: version.id } }) },
            mayWrite && !version.is_active && version.state === 'ready' && { label: 'Go back to this version', icon: 'undo', run: () => setAct('revert') },
            mayWrite && !version.is_active && { label: 'Delete this version', icon: 'trash', bad: true, apart: true, run: () => setAct('delete') },
          ]}
        />
      </div>
      {act === 'revert' && <Revert record={record} version={version} onClose={() => setAct(null)} />}
      {act === 'delete' && <Remove record={record} version={version} onClose={() => setAct(null)} />}
    </li>
  );
}

function Details({ version }: { version: VersionView }) {
  const parts: [string, Json][] = [
    ['Notes', version.notes],
    ['Given to the task', version.inputs],
    ['Details', version.details],
    ['Warnings', version.warnings],
  ];
  const shown = parts.filter(([, value]) => value !== null && value !== undefined && JSON.stringify(value) !== '{}' && JSON.stringify(value) !== '[]');
  return (
    <div className="stack version__details">
      {shown.length === 0 && <p className="quiet">Nothing more is known about this version.</p>}
      {shown.map(([name, value]) => (
        <section key={name} className="stack" style={{ gap: 4 }}>
          <h3>{name}</h3>
          {typeof value === 'string' ? (
            <p className="wrap">{value}</p>
          ) : Array.isArray(value) && value.every((it) => lineOf(it) !== null) ? (
            <ul className="bullets">
              {value.map((it, index) => (
                <li key={index}>{lineOf(it)}</li>
              ))}
            </ul>
          ) : (
            <JsonText value={value} label={name} />
          )}
        </section>
      ))}
      {version.prompt_version !== null && <p className="quiet">Prompt version {version.prompt_version}</p>}
    </div>
  );
}

/** What is said in words: a text, or a finding about a row of the file. */
function lineOf(value: Json): string | null {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || typeof value.message !== 'string') return null;
  return typeof value.row === 'number' ? `Row ${value.row}: ${value.message}` : value.message;
}

/** Going back copies the chosen version into a new one: what lies between stays in the history. */
function Revert({ record, version, onClose }: { record: RecordView; version: VersionView; onClose: () => void }) {
  const client = useQueryClient();
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Go back to ${nameOf(version)}?`}
      act="Go back"
      reason={{ label: 'Why', required: true }}
      run={async (reason) => {
        const accepted = await answer(
          api.POST('/api/records/{record}/revert', { params: { path: { record: record.id } }, body: { number: version.number, label: `Back to version ${version.number}`, reason } }),
        );
        void client.invalidateQueries({ queryKey: ['jobs'] });
        void client.invalidateQueries({ queryKey: ['record', record.id] });
        void client.invalidateQueries({ queryKey: ['versions', record.id] });
        toast(
          <>
            Going back to version {version.number}.{' '}
            <Link to="/jobs/$job" params={{ job: accepted.job }}>
              See the job
            </Link>
          </>,
          'good',
        );
      }}
    >
      A new version with the same content is made and becomes the active one. Nothing is lost: all versions stay.
    </Confirm>
  );
}

function Remove({ record, version, onClose }: { record: RecordView; version: VersionView; onClose: () => void }) {
  const client = useQueryClient();
  return (
    <Confirm
      open
      onClose={onClose}
      kind="bad"
      title={`Delete ${nameOf(version)}?`}
      act="Delete"
      run={async () => {
        await answer(api.DELETE('/api/versions/{version}', { params: { path: { version: version.id } } }));
        void client.invalidateQueries({ queryKey: ['versions', record.id] });
        toast('Deleted.', 'good');
      }}
    >
      <span className="row" style={{ alignItems: 'flex-start', flexWrap: 'nowrap' }}>
        <Icon name="warn" />
        <span>Its content and its proposals go with it. Other versions are not touched.</span>
      </span>
    </Confirm>
  );
}
