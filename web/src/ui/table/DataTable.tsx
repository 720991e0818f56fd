/**
 * The table of the house: sticky head, virtual rows, read by cursor, driven by keyboard.
 *
 * It knows rows and columns, not what they mean. Rows have one height, so that 100,000 of them scroll
 * like ten. Start at {@link DataTable}; its arithmetic is in `cursor.ts`, and what reads its rows from the
 * server page by page is `ListTable.tsx`.
 */
import { type ColumnDef, columnResizingFeature, columnSizingFeature, columnVisibilityFeature, tableFeatures, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';

import { ErrorNote } from '../ErrorNote';
import { countWords, rowAfter, shouldReadOn } from './cursor';
import './table.css';

export interface Column<T> {
  id: string;
  label: string;
  cell: (row: T) => ReactNode;
  width: number;
  align?: 'right';
  /** Takes the width that is left. */
  grows?: boolean;
}

/** What a table is of, whatever is read of it so far. */
export interface TableOf<T> {
  label: string;
  noun: string;
  plural: string;
  columns: Column<T>[];
  /** Columns not to show. */
  hidden?: readonly string[];
  onOpen?: (row: T) => void;
  isGone?: (row: T) => boolean;
  empty: ReactNode;
  /** Beside the count of rows. */
  status?: ReactNode;
}

interface Props<T> extends TableOf<T> {
  rows: T[];
  total: number | null;
  isPending: boolean;
  /** The rows are those of before: others are on their way. */
  isStale?: boolean;
  isFetchingMore?: boolean;
  hasMore?: boolean;
  error?: unknown;
  onMore?: () => void;
  onRetry?: () => void;
}

const features = tableFeatures({ columnSizingFeature, columnResizingFeature, columnVisibilityFeature });
const ROW_PX = 36;

export function DataTable<T extends { id: string }>(props: Props<T>) {
  const { label, columns, rows, total, hidden, isPending, isStale = false, isFetchingMore = false, hasMore = false, error, onMore, onRetry, onOpen, isGone, empty, status } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);

  const definitions = useMemo<ColumnDef<typeof features, T>[]>(
    () => columns.map((it) => ({ id: it.id, size: it.width, minSize: 56, maxSize: 900, header: it.label, cell: ({ row }) => it.cell(row.original) })),
    [columns],
  );
  const table = useTable(
    {
      features,
      columns: definitions,
      data: rows,
      getRowId: (row: T) => row.id,
      columnResizeMode: 'onChange',
      state: { columnVisibility: Object.fromEntries((hidden ?? []).map((it) => [it, false])) },
    },
    (state) => ({ columnSizing: state.columnSizing, columnResizing: state.columnResizing, columnVisibility: state.columnVisibility }),
  );
  const headers = table.getHeaderGroups()[0]?.headers ?? [];
  const models = table.getRowModel().rows;

  const virtual = useVirtualizer({
    count: models.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    // The head lies over the first rows: a row scrolled to must not hide below it.
    scrollPaddingStart: ROW_PX,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;

  useEffect(() => {
    if (onMore && shouldReadOn({ last, loaded: rows.length, hasMore, isReading: isFetchingMore, failed: Boolean(error) })) onMore();
  }, [last, rows.length, hasMore, isFetchingMore, error, onMore]);

  const go = (index: number) => {
    setAt(index);
    virtual.scrollToIndex(index);
    // The row may only be drawn after the scroll.
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true }));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target as HTMLElement).matches('[role="row"]')) return;
    const screen = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_PX) - 2);
    const next = rowAfter(event.key, at, models.length, screen);
    if (next !== null) {
      event.preventDefault();
      event.stopPropagation();
      go(next);
    } else if (event.key === 'Enter' && onOpen) {
      const row = models[at];
      if (row) onOpen(row.original);
    }
  };

  const widths = Object.fromEntries(headers.map((it) => [`--w-${cssName(it.column.id)}`, `${it.column.getSize()}px`])) as CSSProperties;
  const cellOf = (id: string) => columns.find((it) => it.id === id);
  const classOf = (id: string) => `table__cell ${cellOf(id)?.align === 'right' ? 'table__cell--right' : ''} ${cellOf(id)?.grows ? 'table__cell--grows' : ''}`;
  const width = (id: string): CSSProperties => ({ width: `var(--w-${cssName(id)})` });

  return (
    <>
      <div ref={scroller} className="table" role="grid" aria-label={label} aria-rowcount={total ?? (hasMore ? -1 : rows.length + 1)} aria-busy={isPending} style={{ ...widths, flex: `0 1 ${heightOf(rows.length, isPending, Boolean(error))}px` }} tabIndex={rows.length === 0 ? 0 : -1}>
        <div className="table__head" role="rowgroup">
          <div className="table__row" role="row" aria-rowindex={1}>
            {headers.map((header) => {
              const id = header.column.id;
              return (
                <div key={id} role="columnheader" className={classOf(id)} style={width(id)}>
                  <span className="cut">{cellOf(id)?.label}</span>
                  <span className="table__resize" data-active={header.column.getIsResizing()} onMouseDown={header.getResizeHandler()} onTouchStart={header.getResizeHandler()} aria-hidden="true" />
                </div>
              );
            })}
          </div>
        </div>

        {isPending ? (
          <div aria-hidden="true">
            {Array.from({ length: 8 }, (_, index) => (
              <div key={index} className="table__skeleton">
                <span className="skeleton" style={{ width: 90 }} />
                <span className="skeleton" style={{ width: `${22 + ((index * 17) % 30)}%` }} />
                <span className="skeleton" style={{ width: `${10 + ((index * 29) % 24)}%` }} />
              </div>
            ))}
          </div>
        ) : rows.length === 0 && !error ? (
          <div role="row">
            <div role="gridcell">{empty}</div>
          </div>
        ) : (
          <div className={`table__body ${isStale ? 'table__body--stale' : ''}`} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = models[item.index];
              if (!row) return null;
              return (
                <div
                  key={row.id}
                  role="row"
                  data-index={item.index}
                  data-row={row.id}
                  aria-rowindex={item.index + 2}
                  tabIndex={item.index === Math.min(at, models.length - 1) ? 0 : -1}
                  className={`table__row ${onOpen ? 'table__row--opens' : ''} ${isGone?.(row.original) ? 'table__row--gone' : ''}`}
                  style={{ transform: `translateY(${item.start}px)` }}
                  onFocus={() => setAt(item.index)}
                  onKeyDown={onKeyDown}
                  onClick={(event) => {
                    // A press on a link or a button in the row is theirs; marking text opens nothing.
                    if ((event.target as HTMLElement).closest('a, button, input') || getSelection()?.toString()) return;
                    onOpen?.(row.original);
                  }}
                >
                  {row.getVisibleCells().map((cell) => (
                    <div key={cell.column.id} role="gridcell" className={classOf(cell.column.id)} style={width(cell.column.id)}>
                      {cellOf(cell.column.id)?.cell(row.original)}
                    </div>
                  ))}
                </div>
              );
            })}
          </div>
        )}
        {error ? (
          <div className="table__foot" role="presentation">
            <ErrorNote error={error} retry={onRetry} />
          </div>
        ) : null}
      </div>
      <div className="table__status">
        <span role="status">{isPending ? 'Reading…' : countWords(rows.length, total, hasMore, props.noun, props.plural)}</span>
        {status}
      </div>
    </>
  );
}

/** As high as its rows, as far as the page has room. A scrollbar at the foot must not hide the last one. */
function heightOf(rows: number, isPending: boolean, failed: boolean): number {
  if (isPending || rows === 0) return 340;
  return (rows + 1) * ROW_PX + 14 + (failed ? 160 : 0);
}

function cssName(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '-');
}
