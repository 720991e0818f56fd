/** What lies between two versions: added, removed, changed field by field, renamed. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useDeferredValue, useMemo, useRef } from 'react';

import { labelOf } from '../../api/description';
import { diffQuery, versionsQuery } from '../../api/queries';
import type { RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { IconButton } from '../../ui/Button';
import { Changes } from '../../ui/Diff';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { SearchBox } from '../../ui/SearchBox';
import { ActivateButton } from './ActivateButton';
import { type DiffRow, KINDS, rowsOfDiff } from './diff-rows';
import { pairOf } from './version';
import { VersionPicker } from './VersionPicker';
import './versions.css';

const route = getRouteApi('/house/records/$record');

export function CompareTab({ record }: { record: RecordView }) {
  const { app } = useHouse();
  const navigate = useNavigate({ from: '/records/$record' });
  const search = route.useSearch();
  const versions = useQuery(versionsQuery(record.id));
  const all = versions.data?.items ?? [];
  const pair = pairOf(all, search.from, search.to);
  const [from, to] = pair ?? [];
  const diff = useQuery({ ...diffQuery(from?.id ?? '', to?.id ?? ''), enabled: Boolean(from && to && from.id !== to.id) });
  const view = app.collections[app.collections[record.collection]?.versioned?.children ?? ''];
  const words = useDeferredValue(search.q ?? '');
  const rows = useMemo(() => (diff.data && view ? rowsOfDiff(diff.data, view) : []), [diff.data, view]);
  const shown = useMemo(
    () => rows.filter((it) => (!search.kind || it.kind === search.kind || (search.kind === 'changed' && it.kind === 'renamed')) && (!words || it.text.includes(words.toLowerCase()))),
    [rows, search.kind, words],
  );

  const set = (next: Partial<typeof search>) => void navigate({ to: '/records/$record', params: { record: record.id }, search: (now) => ({ ...now, ...next }), replace: true });

  if (versions.isPending) return <Skeleton lines={6} />;
  if (versions.isError) return <ErrorNote error={versions.error} retry={() => void versions.refetch()} />;
  if (!view || !from || !to) {
    return (
      <Empty icon="compare" title="There is only one version">
        A second one comes when {view?.plural ?? 'records'} are changed, a task makes one, or proposals are accepted.
      </Empty>
    );
  }
  const counts = diff.data?.counts;
  return (
    <>
      <div className="toolbar">
        <VersionPicker label="From version" versions={all} value={from.id} onChange={(id) => set({ from: id, to: to.id })} />
        <IconButton icon="compare" label="Swap the two versions" onClick={() => set({ from: to.id, to: from.id })} />
        <VersionPicker label="To version" versions={all} value={to.id} onChange={(id) => set({ from: from.id, to: id })} />
        <SearchBox value={search.q ?? ''} onChange={(q) => set({ q: q || undefined })} label="Search the differences" wait={120} />
        <span className="grow" />
        <ActivateButton record={record} version={to} kind="main" />
      </div>
      {from.id === to.id ? (
        <Empty icon="compare" title="The same version twice">
          Choose two different ones.
        </Empty>
      ) : diff.isError ? (
        <ErrorNote error={diff.error} retry={() => void diff.refetch()} />
      ) : !counts ? (
        <Skeleton lines={8} />
      ) : (
        <>
          <div className="kinds" role="group" aria-label="Kinds of difference">
            {KINDS.map(({ kind, label, tone }) => (
              <button key={kind} type="button" className="kind" aria-pressed={search.kind === kind} disabled={counts[kind] === 0} onClick={() => set({ kind: search.kind === kind ? undefined : kind })}>
                <Badge tone={tone}>{counts[kind].toLocaleString('en')}</Badge> {label}
              </button>
            ))}
            <span className="quiet kind">{counts.unchanged.toLocaleString('en')} unchanged</span>
          </div>
          {shown.length === 0 ? (
            <Empty icon="check" title={rows.length === 0 ? 'The two versions hold the same' : 'Nothing of this kind'}>
              {rows.length === 0 ? `All ${counts.unchanged.toLocaleString('en')} ${view.plural} are equal.` : 'Take the filter away to see the rest.'}
            </Empty>
          ) : (
            <DiffList rows={shown} label={(field) => labelOf(view.schema, field)} />
          )}
        </>
      )}
    </>
  );
}

function DiffList({ rows, label }: { rows: DiffRow[]; label: (field: string) => string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => 64, overscan: 10, getItemKey: (index) => rows[index]?.id ?? index });
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={scroller} className="difflist card" role="region" aria-label="Differences" tabIndex={0}>
      <ul style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <li key={item.key} ref={virtual.measureElement} data-index={item.index} className="difflist__row" style={{ transform: `translateY(${item.start}px)` }}>
              <span className="difflist__kind">
                <Badge tone={row.tone}>{row.word}</Badge>
              </span>
              <div className="grow">
                <p className="wrap" style={{ fontWeight: 540 }}>
                  {row.title}
                  {row.note && <span className="quiet difflist__note">{row.note}</span>}
                </p>
                {row.changes.length > 0 && <Changes changes={row.changes} label={label} />}
              </div>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
