/**
 * How many records of a collection there are over time, in all or parted by a field. The server counts each
 * part of the picture: the numbers are exact, whatever is shown in the table.
 */
import { useQueries, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';

import { capital, datesOf, labelOf, readable } from '../../api/description';
import { fewRecordsQuery, recordCountQuery } from '../../api/queries';
import type { CollectionView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { number } from '../../ui/format';
import type { LinesProps } from '../../ui/Lines';
import { Card } from '../../ui/Page';
import { dayOf } from './month';
import { type Each, partings, periodsTo, valuesOf } from './periods';

const Lines = lazy(() => import('../../ui/Lines'));

/** So many weeks or months in all; fewer when each is counted for several values. */
const WHOLE = 12;
const PARTED = 8;
/** The newest records tell which values are frequent. */
const SAMPLE = 200;

export interface OverTimeChoice {
  on?: string;
  each?: string;
  part?: string;
}

export function OverTime({ name, view, choice, onChoice }: { name: string; view: CollectionView; choice: OverTimeChoice; onChoice: (next: OverTimeChoice) => void }) {
  const { tenant } = useHouse();
  const owner = view.shared ? undefined : tenant;
  // Only what lists can be narrowed by can be counted by the server.
  const fields = datesOf(view).filter((it) => view.filters.includes(it.field));
  const chosen = fields.find((it) => it.field === choice.on) ?? fields[0];
  const each: Each = choice.each === 'month' ? 'month' : 'week';
  const parts = partings(view);
  const part = parts.find((it) => it === choice.part);
  const today = dayOf(new Date().toISOString(), false) ?? '';
  const periods = periodsTo(today, each, part ? PARTED : WHOLE);

  const sample = useQuery({ ...fewRecordsQuery(name, { tenant: owner }, SAMPLE), enabled: part !== undefined, staleTime: 60_000 });
  const values: (string | null)[] = part ? valuesOf(view, part, sample.data?.items ?? []) : [null];
  const counts = useQueries({
    queries: values.flatMap((value) =>
      periods.map((period) => ({
        ...recordCountQuery(name, {
          tenant: owner,
          filters: {
            ...(chosen ? { [`${chosen.field} from`]: chosen.isDay ? period.from : `${period.from}T00:00:00Z`, [`${chosen.field} to`]: chosen.isDay ? period.to : `${period.to}T23:59:59.999Z` } : {}),
            ...(part && value !== null ? { [part]: value } : {}),
          },
        }),
        enabled: chosen !== undefined,
      })),
    ),
  });
  const failed = counts.find((it) => it.isError);
  const isReading = counts.some((it) => it.isPending) || (part !== undefined && sample.isPending);
  const lines = values.map((value, index) => ({
    name: value === null ? capital(view.plural) : readable(value),
    values: counts.slice(index * periods.length, (index + 1) * periods.length).map((it) => it.data ?? null),
  }));

  if (!chosen) {
    return (
      <div className="card">
        <Empty icon="trend" title="Nothing to count by">
          These {view.plural} cannot be narrowed by a day.
        </Empty>
      </div>
    );
  }
  return (
    <Card
      title={`${capital(view.plural)} over time`}
      aside={
        <>
          <select className="input input--small" style={{ width: 'auto' }} aria-label="For each" value={each} onChange={(event) => onChoice({ each: event.target.value })}>
            <option value="week">By week</option>
            <option value="month">By month</option>
          </select>
          {parts.length > 0 && (
            <select className="input input--small" style={{ width: 'auto' }} aria-label="Parted by" value={part ?? ''} onChange={(event) => onChoice({ part: event.target.value || undefined })}>
              <option value="">All together</option>
              {parts.map((it) => (
                <option key={it} value={it}>
                  By {labelOf(view.schema, it).toLowerCase()}
                </option>
              ))}
            </select>
          )}
          {fields.length > 1 && (
            <select className="input input--small" style={{ width: 'auto' }} aria-label="By which day" value={chosen.field} onChange={(event) => onChoice({ on: event.target.value })}>
              {fields.map((it) => (
                <option key={it.field} value={it.field}>
                  {labelOf(view.schema, it.field)}
                </option>
              ))}
            </select>
          )}
        </>
      }
    >
      {failed ? (
        <ErrorNote error={failed.error} retry={() => counts.forEach((it) => it.isError && void it.refetch())} />
      ) : isReading ? (
        <Skeleton lines={6} />
      ) : lines.length === 0 ? (
        <p className="quiet">No {view.noun} has a value there.</p>
      ) : (
        <Suspense fallback={<Skeleton lines={6} />}>
          <Drawn what={JSON.stringify({ days: periods.map((it) => it.from), lines } satisfies Pick<LinesProps, 'days' | 'lines'>)} label={`${capital(view.plural)} by ${each}`} />
        </Suspense>
      )}
    </Card>
  );
}

/** Drawn anew when what it shows is another thing, not whenever the lists are. */
function Drawn({ what, label }: { what: string; label: string }) {
  const { days, lines } = useMemo(() => JSON.parse(what) as Pick<LinesProps, 'days' | 'lines'>, [what]);
  return <Lines days={days} lines={lines} label={label} format={number} />;
}
