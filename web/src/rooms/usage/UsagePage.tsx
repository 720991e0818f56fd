/** What models used and cost: by day, by operation, by model, and call by call. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';

import { counted, readable } from '../../api/description';
import { type Period, usageQuery, usageSummaryQuery } from '../../api/queries';
import type { UsageGroup, UsageRow, UsageSummary } from '../../api/types';
import { useHouse } from '../../app/house';
import { Bars } from '../../ui/Bars';
import { StateBadge } from '../../ui/Badge';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { dollars, number, span } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Card, Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { type Column, DataTable } from '../../ui/table/DataTable';
import { rowsOf, totalOf } from '../../ui/table/cursor';
import { daysOf, type Measure, valueOf } from './days';
import './usage.css';

const Plot = lazy(() => import('../../ui/Plot'));
const route = getRouteApi('/house/usage');

export default function UsagePage() {
  const { tenant } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate();
  const [measure, setMeasure] = useState<Measure>('cost');
  const today = new Date().toISOString().slice(0, 10);
  const from = search.from ?? new Date(Date.parse(today) - 29 * 86_400_000).toISOString().slice(0, 10);
  const to = search.to ?? today;
  const period: Period = { tenant, from: `${from}T00:00:00Z`, to: `${to}T23:59:59.999Z` };
  const byDay = useQuery(usageSummaryQuery(period, 'day'));
  const points = useMemo(() => (byDay.data ? daysOf(byDay.data.breakdown, from, to, measure) : []), [byDay.data, from, to, measure]);
  const set = (next: Partial<typeof search>) => void navigate({ to: '/usage', search: (now) => ({ ...now, ...next }), replace: true });

  return (
    <Page
      title="Usage"
      about="What was asked of models, and what it cost."
      actions={
        <>
          <label className="row quiet" style={{ gap: 6 }}>
            From
            <input type="date" className="input" style={{ width: 'auto' }} max={to} value={from} onChange={(event) => set({ from: event.target.value || undefined })} />
          </label>
          <label className="row quiet" style={{ gap: 6 }}>
            To
            <input type="date" className="input" style={{ width: 'auto' }} min={from} value={to} onChange={(event) => set({ to: event.target.value || undefined })} />
          </label>
        </>
      }
    >
      {byDay.isError ? (
        <ErrorNote error={byDay.error} retry={() => void byDay.refetch()} />
      ) : (
        <>
          <Totals summary={byDay.data} />
          <Card
            title="By day"
            aside={
              <select className="input input--small" style={{ width: 'auto' }} aria-label="What is shown" value={measure} onChange={(event) => setMeasure(event.target.value as Measure)}>
                <option value="cost">Cost</option>
                <option value="tokens">Tokens</option>
                <option value="operations">Operations</option>
              </select>
            }
          >
            <Suspense fallback={<div className="plot" />}>
              {byDay.data ? <Plot points={points} label={readable(measure)} format={measure === 'cost' ? dollars : short} /> : <div className="plot"><Skeleton lines={5} /></div>}
            </Suspense>
          </Card>
          <div className="cards">
            <Breakdown title="By operation" period={period} group="operation" measure={measure} />
            <Breakdown title="By model" period={period} group="model" measure={measure} />
          </div>
        </>
      )}
      <Calls period={period} />
    </Page>
  );
}

function Totals({ summary }: { summary: UsageSummary | undefined }) {
  const totals = summary?.summary;
  return (
    <>
      <div className="tiles">
        <Tile label="Cost" value={totals && dollars(totals.total_cost_usd)} />
        <Tile label="Tokens" value={totals && number(totals.total_tokens)} />
        <Tile label="Operations" value={totals && number(totals.operations_count)} />
      </div>
      {totals && totals.unknown_cost_count > 0 && (
        <Note tone="warn">
          {counted(totals.unknown_cost_count, 'operation has', 'operations have')} no known price and {totals.unknown_cost_count === 1 ? 'is' : 'are'} not in the cost. Give the model a price in <code>config/llm.yaml</code> to
          count it.
        </Note>
      )}
    </>
  );
}

function Tile({ label, value }: { label: string; value: string | undefined }) {
  return (
    <div className="tile">
      <div className="tile__label">{label}</div>
      <div className="tile__value">{value ?? <span className="skeleton" style={{ width: 80, height: 24, marginTop: 6 }} />}</div>
    </div>
  );
}

function Breakdown({ title, period, group, measure }: { title: string; period: Period; group: UsageGroup; measure: Measure }) {
  const query = useQuery(usageSummaryQuery(period, group));
  const rows = [...(query.data?.breakdown ?? [])].sort((a, b) => valueOf(b, measure) - valueOf(a, measure));
  return (
    <Card title={title}>
      {query.isPending ? (
        <Skeleton lines={4} />
      ) : query.isError ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : rows.length === 0 ? (
        <p className="quiet">Nothing in this time.</p>
      ) : (
        <Bars
          label={title}
          rows={rows.map((it) => ({
            key: group === 'operation' ? readable(it.name) : it.name,
            value: valueOf(it, measure),
            text: measure === 'cost' ? `${dollars(it.total_cost_usd)}${it.unknown_cost_count > 0 ? ` + ${number(it.unknown_cost_count)} unknown` : ''}` : short(valueOf(it, measure)),
          }))}
        />
      )}
    </Card>
  );
}

function Calls({ period }: { period: Period }) {
  const query = useInfiniteQuery(usageQuery(period));
  const columns = useMemo<Column<UsageRow>[]>(
    () => [
      { id: 'at', label: 'When', width: 130, cell: (it) => <span className="quiet"><Time at={it.at} /></span> },
      { id: 'operation', label: 'Operation', width: 180, grows: true, cell: (it) => <span className="cut">{readable(it.operation)}</span> },
      { id: 'model', label: 'Model', width: 210, cell: (it) => <code className="cut">{it.provider}/{it.model}</code> },
      { id: 'outcome', label: 'Outcome', width: 120, cell: (it) => <StateBadge state={it.outcome} /> },
      { id: 'in', label: 'Tokens in', width: 100, align: 'right', cell: (it) => number(it.tokens_in) },
      { id: 'out', label: 'Tokens out', width: 100, align: 'right', cell: (it) => number(it.tokens_out) },
      { id: 'cost', label: 'Cost', width: 110, align: 'right', cell: (it) => (it.cost_usd === null ? <span className="quiet" title="No price is known for this model.">unknown</span> : dollars(it.cost_usd)) },
      { id: 'latency', label: 'Took', width: 100, align: 'right', cell: (it) => span(it.latency_ms) },
      { id: 'job', label: 'Job', width: 90, cell: (it) => (it.job ? <Link to="/jobs/$job" params={{ job: it.job }}>Open</Link> : <span className="quiet">–</span>) },
    ],
    [],
  );
  return (
    <section className="calls" aria-label="Calls">
      <h2>Call by call</h2>
      <DataTable
        label="Calls"
        noun="call"
        plural="calls"
        columns={columns}
        rows={rowsOf(query.data)}
        total={totalOf(query.data)}
        isPending={query.isPending}
        isStale={query.isPlaceholderData}
        isFetchingMore={query.isFetchingNextPage}
        hasMore={query.hasNextPage}
        error={query.error}
        onMore={() => void query.fetchNextPage()}
        onRetry={() => void query.refetch()}
        empty={
          <Empty icon="usage" title="No calls in this time">
            Each question to a model is written down here. Rules cost nothing and are not listed.
          </Empty>
        }
      />
    </section>
  );
}

function short(value: number): string {
  return value.toLocaleString('en', { notation: value >= 10_000 ? 'compact' : 'standard', maximumFractionDigits: 1 });
}
