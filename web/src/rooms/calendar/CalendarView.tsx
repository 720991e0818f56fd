/** The records of a collection by the days they have: a month of them, or a list of days. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';

import { counted, datesOf, labelOf, titleOf } from '../../api/description';
import { recordsQuery } from '../../api/queries';
import type { CollectionView, RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Note } from '../../ui/Note';
import { rowsOf } from '../../ui/table/cursor';
import { Filters } from '../records/Filters';
import type { Listing } from '../records/RecordTable';
import { byDay, dated, type Dated, dayOf, monthAfter, monthOf, narrowedTo, weeksOf } from './month';
import './calendar.css';

export interface CalendarChoice {
  view?: string;
  on?: string;
  month?: string;
}

interface Props {
  name: string;
  view: CollectionView;
  listing: Listing;
  choice: CalendarChoice;
  onListing: (next: Listing) => void;
  onChoice: (next: CalendarChoice) => void;
}

/** Pages of records that a month may take; beyond it says that there are more. */
const PAGES_MAX = 5;
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
/** So many are named on a day of a month; the list of days names all. */
const NAMED = 3;

export function CalendarView({ name, view, listing, choice, onListing, onChoice }: Props) {
  const { tenant } = useHouse();
  const fields = datesOf(view);
  const chosen = fields.find((it) => it.field === choice.on) ?? fields[0];
  const today = dayOf(new Date().toISOString(), false) ?? '';
  const month = monthOf(choice.month, today);
  const weeks = weeksOf(month);
  const [from, to] = [weeks[0]?.[0] ?? '', weeks.at(-1)?.at(-1) ?? ''];
  const filters = chosen && { ...listing.by, ...narrowedTo(chosen, view.filters, from, to) };
  const query = useInfiniteQuery({
    ...recordsQuery(name, { tenant: view.shared ? undefined : tenant, search: listing.q, filters, sort: chosen && view.sorts.includes(chosen.field) ? chosen.field : undefined }),
    enabled: chosen !== undefined,
  });
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = query;
  const pages = query.data?.pages.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isError && pages < PAGES_MAX) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isError, pages, fetchNextPage]);

  if (!chosen) return null;
  const days = byDay(dated(rowsOf(query.data), chosen));
  const within = [...days].filter(([day]) => day.startsWith(month)).sort(([a], [b]) => a.localeCompare(b));
  const isAgenda = choice.view === 'agenda';
  const title = new Date(`${month}-15T00:00:00Z`).toLocaleDateString('en', { month: 'long', year: 'numeric', timeZone: 'UTC' });
  const count = new Set(within.flatMap(([, all]) => all.map((it) => it.record.id))).size;

  return (
    <div className="stack">
      <div className="toolbar">
        <Filters collection={view} tenant={tenant} search={listing.q ?? ''} by={listing.by ?? {}} onSearch={(q) => onListing({ ...listing, q: q || undefined })} onFilter={(by) => onListing({ ...listing, by: Object.keys(by).length > 0 ? by : undefined })} />
        {fields.length > 1 && (
          <select className="input" aria-label="By which day" value={chosen.field} onChange={(event) => onChoice({ on: event.target.value })}>
            {fields.map((it) => (
              <option key={it.field} value={it.field}>
                {labelOf(view.schema, it.field)}
              </option>
            ))}
          </select>
        )}
      </div>
      <div className="row">
        <IconButton icon="left" kind="solid" label="The month before" onClick={() => onChoice({ month: monthAfter(month, -1) })} />
        <IconButton icon="right" kind="solid" label="The next month" onClick={() => onChoice({ month: monthAfter(month, 1) })} />
        <Button onClick={() => onChoice({ month: undefined })}>Today</Button>
        <h2 aria-live="polite">{title}</h2>
        <span className="quiet grow">{query.isFetching ? 'Reading…' : counted(count, view.noun, view.plural)}</span>
        <Button icon={isAgenda ? 'columns' : 'menu'} onClick={() => onChoice({ view: isAgenda ? 'calendar' : 'agenda' })}>
          {isAgenda ? 'As a month' : 'As a list'}
        </Button>
      </div>
      <ErrorNote error={query.error} retry={() => void query.refetch()} />
      {hasNextPage && pages >= PAGES_MAX && <Note tone="warn">There are more {view.plural} than are shown here: narrow them, to see all of a month.</Note>}
      {query.isPending ? (
        <Skeleton lines={8} />
      ) : isAgenda || within.length === 0 ? (
        <Agenda view={view} days={within} />
      ) : (
        <>
          <Month view={view} weeks={weeks} month={month} today={today} days={days} label={title} />
          <div className="calendar__narrow">
            <Agenda view={view} days={within} />
          </div>
        </>
      )}
    </div>
  );
}

function Month({ view, weeks, month, today, days, label }: { view: CollectionView; weeks: string[][]; month: string; today: string; days: Map<string, Dated[]>; label: string }) {
  return (
    <table className="calendar">
      <caption className="unseen">{label}</caption>
      <thead>
        <tr>
          {WEEKDAYS.map((it) => (
            <th key={it} scope="col">
              <abbr title={it}>{it.slice(0, 3)}</abbr>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr key={week[0]}>
            {week.map((day) => {
              const all = days.get(day) ?? [];
              return (
                <td key={day} data-other={!day.startsWith(month) || undefined} aria-current={day === today ? 'date' : undefined}>
                  <time dateTime={day} className="calendar__day">
                    {Number(day.slice(8))}
                  </time>
                  <ul>
                    {all.slice(0, NAMED).map((it) => (
                      <li key={it.record.id}>
                        <Entry view={view} it={it} day={day} />
                      </li>
                    ))}
                  </ul>
                  {all.length > NAMED && (
                    <details className="calendar__more">
                      <summary>{all.length - NAMED} more</summary>
                      <ul>
                        {all.slice(NAMED).map((it) => (
                          <li key={it.record.id}>
                            <Entry view={view} it={it} day={day} />
                          </li>
                        ))}
                      </ul>
                    </details>
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Entry({ view, it, day }: { view: CollectionView; it: Dated; day: string }) {
  const title = titleOf(view, it.record);
  return (
    <Link to="/records/$record" params={{ record: it.record.id }} className="calendar__entry cut" data-goes-on={day > it.first || undefined} title={title}>
      {title}
    </Link>
  );
}

function Agenda({ view, days }: { view: CollectionView; days: [string, Dated[]][] }) {
  if (days.length === 0) {
    return (
      <div className="card">
        <Empty icon="calendar" title={`No ${view.plural} in this month`}>
          Leaf to another month, or take a filter away.
        </Empty>
      </div>
    );
  }
  return (
    <ol className="agenda">
      {days.map(([day, all]) => (
        <li key={day} className="agenda__day">
          <time dateTime={day}>{new Date(`${day}T00:00:00Z`).toLocaleDateString('en', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' })}</time>
          <ul>
            {all.map((it) => (
              <li key={it.record.id} className="row">
                <Link to="/records/$record" params={{ record: it.record.id }} className="wrap">
                  {titleOf(view, it.record)}
                </Link>
                <Facts view={view} record={it.record} />
                {it.last > it.first && <Badge>{day === it.first ? `until ${it.last}` : `since ${it.first}`}</Badge>}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

/** Two more words about it: the next short columns of its table. */
function Facts({ view, record }: { view: CollectionView; record: RecordView }) {
  const dates = datesOf(view).map((it) => it.field);
  const words = view.columns
    .filter((it) => it !== view.title && !dates.includes(it))
    .map((it) => record.data[it])
    .filter((it): it is string => typeof it === 'string' && it !== '' && it.length < 60 && !it.startsWith('http'))
    .slice(0, 2);
  return words.length > 0 ? <span className="quiet wrap">{words.join(', ')}</span> : null;
}
