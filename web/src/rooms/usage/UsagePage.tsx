/** What models used and cost: over time, by what they were asked for and by whom, and call by call. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';

import { capital, counted, readable } from '../../api/description';
import { type Period, usageSummaryQuery } from '../../api/queries';
import type { UsageSummary } from '../../api/types';
import { useHouse } from '../../app/house';
import { DayField } from '../../ui/DayField';
import { dayIn } from '../../ui/days';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { dollars, number } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { Note } from '../../ui/Note';
import { Card, Page } from '../../ui/Page';
import { Breakdown } from './Breakdown';
import { Calls } from './Calls';
import { beginningOf, costWords, daysOf, type Each, type Measure, short } from './days';
import './usage.css';

const Plot = lazy(() => import('../../ui/Plot'));
const route = getRouteApi('/house/usage');

export default function UsagePage() {
  const { app, tenant, allTenants } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/usage' });
  const [measure, setMeasure] = useState<Measure>('cost');
  const each: Each = search.each === 'month' ? 'month' : 'day';
  const today = new Date().toISOString().slice(0, 10);
  const from = dayIn(search.from) ?? beginningOf(today, each);
  const to = dayIn(search.to) ?? today;
  const period: Period = { tenant, from: `${from}T00:00:00Z`, to: `${to}T23:59:59.999Z` };
  const over = useQuery(usageSummaryQuery(period, each));
  const points = useMemo(() => (over.data?.group_by === each ? daysOf(over.data.breakdown, from, to, measure, each) : []), [over.data, from, to, measure, each]);
  const set = (next: Partial<typeof search>) => void navigate({ to: '/usage', search: (now) => ({ ...now, ...next }), replace: true });

  return (
    <Page
      title="Usage"
      about="What was asked of models, and what it cost."
      actions={
        <>
          <DayField label="From" max={to} value={from} onChange={(day) => set({ from: day })} />
          <DayField label="To" min={from} value={to} onChange={(day) => set({ to: day })} />
          <Link to="/models" search={{ tab: 'budgets' }} className="button">
            <Icon name="model" /> Budgets
          </Link>
        </>
      }
    >
      {over.isError ? (
        <ErrorNote error={over.error} retry={() => void over.refetch()} />
      ) : (
        <>
          <Totals summary={over.data} />
          <Card
            title="Over time"
            aside={
              <>
                <select className="input input--small" style={{ width: 'auto' }} aria-label="Over time, by" value={each} onChange={(event) => set({ each: event.target.value === 'month' ? 'month' : undefined, from: undefined })}>
                  <option value="day">By day</option>
                  <option value="month">By month</option>
                </select>
                <select className="input input--small" style={{ width: 'auto' }} aria-label="What is shown" value={measure} onChange={(event) => setMeasure(event.target.value as Measure)}>
                  <option value="cost">Cost</option>
                  <option value="tokens">Tokens</option>
                  <option value="operations">Operations</option>
                </select>
              </>
            }
          >
            <Suspense fallback={<div className="plot" />}>
              {points.length > 0 ? (
                <Plot points={points} label={readable(measure)} each={each} format={measure === 'cost' ? dollars : short} />
              ) : (
                <div className="plot">
                  <Skeleton lines={5} />
                </div>
              )}
            </Suspense>
          </Card>
          <div className="cards">
            {allTenants && <Breakdown title={`By ${app.tenants?.noun ?? 'tenant'}`} period={period} group="tenant" measure={measure} />}
            <Breakdown title="By operation" period={period} group="operation" measure={measure} />
            <Breakdown title="By model" period={period} group="model" measure={measure} />
            <Breakdown title="By provider" period={period} group="provider" measure={measure} />
            <Breakdown title="By key" period={period} group="key" measure={measure} />
            <Breakdown title="By task" period={period} group="task" measure={measure} />
          </div>
        </>
      )}
      <Calls period={period} narrowing={search} narrow={set} />
    </Page>
  );
}

function Totals({ summary }: { summary: UsageSummary | undefined }) {
  const totals = summary?.summary;
  const unknown = totals?.unknown_cost_count ?? 0;
  return (
    <>
      <div className="tiles">
        <Tile label="Cost" value={totals && (unknown > 0 && unknown >= totals.attempts_count ? costWords(totals) : dollars(totals.total_cost_usd))} />
        <Tile label="Tokens" value={totals && number(totals.total_tokens)} note={totals && `${short(totals.tokens_in)} in, ${short(totals.tokens_out)} out`} />
        <Tile label="Operations" value={totals && number(totals.operations_count)} note={totals && totals.attempts_count > totals.operations_count && counted(totals.attempts_count, 'attempt', 'attempts')} />
      </div>
      {unknown > 0 && (
        <Note tone="warn">
          {capital(counted(unknown, 'attempt has', 'attempts have'))} no known price and {unknown === 1 ? 'is' : 'are'} not in the cost. Give the model a price in <code>config/llm.yaml</code> to count it.
        </Note>
      )}
    </>
  );
}

function Tile({ label, value, note }: { label: string; value: string | undefined; note?: string | false }) {
  return (
    <div className="tile">
      <div className="tile__label">{label}</div>
      <div className="tile__value">{value ?? <span className="skeleton" style={{ width: 80, height: 24, marginTop: 6 }} />}</div>
      {note && <div className="tile__note">{note}</div>}
    </div>
  );
}
