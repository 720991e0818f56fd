/** The proposals for a version, to be gone through by keyboard: move, look, accept or reject. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';

import { answer, api } from '../../api/client';
import { counted, readable, tasksOn } from '../../api/description';
import { proposalsQuery, versionsQuery } from '../../api/queries';
import type { RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { Confirm } from '../../ui/Dialog';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Keys, useShortcuts } from '../../ui/Shortcuts';
import { rowsOf, shouldReadOn, totalOf } from '../../ui/table/cursor';
import { announce, toast, toastFault } from '../../ui/Toast';
import { shownOf } from '../versions/version';
import { VersionPicker } from '../versions/VersionPicker';
import { ProposalCard } from './ProposalCard';
import './proposals.css';

const route = getRouteApi('/house/records/$record');

const STATUSES = ['pending', 'accepted', 'rejected', 'dismissed'];

export function ProposalsTab({ record }: { record: RecordView }) {
  const { app, can } = useHouse();
  const navigate = useNavigate({ from: '/records/$record' });
  const client = useQueryClient();
  const search = route.useSearch();
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<string | null>(null);
  const [rejecting, setRejecting] = useState<string[] | null>(null);

  const versions = useQuery(versionsQuery(record.id));
  const version = shownOf(versions.data?.items ?? [], search.version);
  const status = search.status ?? 'pending';
  const query = useInfiniteQuery({ ...proposalsQuery(version?.id ?? '', { status: status === 'any' ? undefined : status, category: search.category }), enabled: Boolean(version) });
  const rows = rowsOf(query.data);
  const current = rows[Math.min(at, rows.length - 1)];
  const children = app.collections[record.collection]?.versioned?.children;
  const categories = [...new Set(Object.values(app.tasks).flatMap((it) => (it.on === children ? (it.proposes?.categories ?? []) : [])))];
  const mayDecide = can('decide_proposals') && !record.deleted_at;

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 104,
    overscan: 6,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isError } = query;
  useEffect(() => {
    if (shouldReadOn({ last, loaded: rows.length, hasMore: hasNextPage, isReading: isFetchingNextPage, failed: isError })) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, isError, fetchNextPage]);

  const decide = useMutation({
    mutationFn: async ({ ids, action, notes }: { ids: string[]; action: 'accept' | 'reject' | 'dismiss'; notes?: string }) => {
      const [only] = ids;
      if (ids.length === 1 && only && action === 'accept') {
        const accepted = await answer(api.POST('/api/proposals/{proposal}/accept', { params: { path: { proposal: only } }, body: {} }));
        return { count: 1, skipped: 0, job: accepted.job };
      }
      if (ids.length === 1 && only && action === 'reject') {
        await answer(api.POST('/api/proposals/{proposal}/reject', { params: { path: { proposal: only } }, body: { reason: notes } }));
        return { count: 1, skipped: 0, job: null };
      }
      const done = await answer(api.POST('/api/proposals/decide', { body: { ids, action, notes } }));
      return { count: ids.length - done.skipped.length, skipped: done.skipped.length, job: done.job };
    },
    onSuccess: (done, { action, ids }) => {
      setSelected((now) => new Set([...now].filter((it) => !ids.includes(it))));
      for (const key of ['proposals', 'jobs', 'versions', 'record']) void client.invalidateQueries({ queryKey: [key] });
      const verb = { accept: 'accepted', reject: 'rejected', dismiss: 'set aside' }[action];
      toast(
        <>
          {counted(done.count, 'proposal', 'proposals')} {verb}
          {done.skipped > 0 && `, ${done.skipped} had been decided already`}.{' '}
          {done.job && (
            <Link to="/jobs/$job" params={{ job: done.job }}>
              A new version is being made
            </Link>
          )}
        </>,
        'good',
      );
    },
    onError: toastFault,
  });

  const set = (next: Partial<typeof search>) => {
    setAt(0);
    setSelected(new Set());
    void navigate({ to: '/records/$record', params: { record: record.id }, search: (now) => ({ ...now, ...next }), replace: true });
  };
  const go = (step: number) => {
    if (rows.length === 0) return;
    const next = Math.max(0, Math.min(rows.length - 1, at + step));
    setAt(next);
    virtual.scrollToIndex(next, { align: 'auto' });
    announce(rows[next]?.suggestion ?? '');
    // The focus goes along, at once: else an Enter that follows quickly would press the link or button
    // that had it before. A row that is not drawn yet gets it a moment later.
    const row = () => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] article`);
    (row() ?? scroller.current)?.focus({ preventScroll: true });
    requestAnimationFrame(() => row()?.focus({ preventScroll: true }));
  };
  const select = (id: string | undefined) => {
    if (!id) return;
    setSelected((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  };
  /** What a key acts on: what is selected, else the one under the mark. */
  const targets = () => {
    const chosen = rows.filter((it) => selected.has(it.id) && it.status === 'pending').map((it) => it.id);
    if (chosen.length > 0) return chosen;
    return current?.status === 'pending' ? [current.id] : [];
  };
  const accept = (ids: string[]) => ids.length > 0 && !decide.isPending && decide.mutate({ ids, action: 'accept' });
  const reject = (ids: string[]) => ids.length > 0 && setRejecting(ids);

  useShortcuts([
    { keys: 'j', about: 'Next proposal', run: () => go(1) },
    { keys: 'k', about: 'Proposal before', run: () => go(-1) },
    { keys: 'Enter', about: 'Show or hide the details', run: () => current && setOpen(open === current.id ? null : current.id) },
    { keys: 'x', about: 'Select', run: () => select(current?.id) },
    { keys: 'u', about: 'Undo the selection', run: () => setSelected(new Set()) },
    ...(mayDecide
      ? [
          { keys: 'a', about: 'Accept', run: () => accept(targets()) },
          { keys: 'r', about: 'Reject', run: () => reject(targets()) },
        ]
      : []),
  ]);

  if (versions.isPending) return <Skeleton lines={6} />;
  if (!version) {
    return (
      <Empty icon="bulb" title="No proposals yet">
        They are made for a version. Import a list first.
      </Empty>
    );
  }
  const total = totalOf(query.data);
  const chosen = selected.size;
  const task = tasksOn(app, record.collection).find((it) => it.view.proposes);
  return (
    <>
      <div className="toolbar">
        <VersionPicker label="Version" versions={versions.data?.items ?? []} value={version.id} onChange={(id) => set({ version: id })} />
        <select className="input" aria-label="Status" value={status} onChange={(event) => set({ status: event.target.value === 'pending' ? undefined : event.target.value })}>
          {STATUSES.map((it) => (
            <option key={it} value={it}>
              {readable(it)}
            </option>
          ))}
          <option value="any">Any status</option>
        </select>
        <Choice label="Category" none="Any category" options={categories} words={readable} value={search.category} onChange={(it) => set({ category: it })} />
        <span className="grow" />
        {mayDecide && rows.length > 0 && (
          <span className="row quiet keys-hint">
            <Keys keys="j k" /> move <Keys keys="a" /> accept <Keys keys="r" /> reject <Keys keys="x" /> select
          </span>
        )}
      </div>
      {mayDecide && chosen > 0 && (
        <div className="batch" role="region" aria-label="Selected proposals">
          <strong>{counted(chosen, 'proposal', 'proposals')} selected</strong>
          <span className="grow" />
          <Button small icon="check" kind="main" busy={decide.isPending} onClick={() => accept(targets())}>
            Accept
          </Button>
          <Button small icon="close" kind="bad" onClick={() => reject(targets())}>
            Reject…
          </Button>
          <Button small onClick={() => decide.mutate({ ids: targets(), action: 'dismiss' })}>
            Set aside
          </Button>
          <Button small kind="plain" onClick={() => setSelected(new Set())}>
            Undo the selection
          </Button>
        </div>
      )}
      {query.isError ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Skeleton lines={8} />
      ) : rows.length === 0 ? (
        <Empty
          icon="bulb"
          title={status === 'pending' ? 'Nothing waits for a decision' : 'No proposals here'}
          action={
            task &&
            can('run_tasks') && (
              <Link to="/records/$record" params={{ record: record.id }} search={{ tab: 'tasks', task: task.name }} className="button">
                {task.view.title}
              </Link>
            )
          }
        >
          {task ? `Run “${task.view.title}” to have this version looked through.` : 'They are made by the tasks of this application.'}
        </Empty>
      ) : (
        <div ref={scroller} className="proposals card" tabIndex={-1}>
          <ul style={{ height: virtual.getTotalSize(), position: 'relative' }} aria-label="Proposals">
            {items.map((item) => {
              const proposal = rows[item.index];
              if (!proposal) return null;
              return (
                <li key={proposal.id} ref={virtual.measureElement} data-index={item.index} className="proposals__row" style={{ transform: `translateY(${item.start}px)` }}>
                  <ProposalCard
                    proposal={proposal}
                    collection={children ?? ''}
                    isCurrent={proposal.id === current?.id}
                    isSelected={selected.has(proposal.id)}
                    isOpen={open === proposal.id}
                    mayDecide={mayDecide}
                    busy={decide.isPending}
                    onFocus={() => setAt(item.index)}
                    onSelect={() => select(proposal.id)}
                    onOpen={() => setOpen(open === proposal.id ? null : proposal.id)}
                    onAccept={() => accept([proposal.id])}
                    onReject={() => reject([proposal.id])}
                  />
                </li>
              );
            })}
          </ul>
        </div>
      )}
      <div className="table__status" role="status">
        {query.isSuccess && counted(total ?? rows.length, 'proposal', 'proposals')}
      </div>
      <Confirm
        open={rejecting !== null}
        onClose={() => setRejecting(null)}
        kind="bad"
        title={rejecting && rejecting.length > 1 ? `Reject ${rejecting.length} proposals?` : 'Reject this proposal?'}
        act="Reject"
        reason={{ label: 'Why', required: false }}
        run={async (notes) => {
          await decide.mutateAsync({ ids: rejecting ?? [], action: 'reject', notes: notes || undefined });
        }}
      >
        Your words go into later questions to the model, so that it does not propose the same again.
      </Confirm>
    </>
  );
}

