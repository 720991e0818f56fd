/** The ledger, attempt by attempt. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';

import { capital, readable } from '../../api/description';
import { keysQuery, type Period, usageQuery, usageSummaryQuery } from '../../api/queries';
import type { UsageGroup, UsageOutcome, UsageRow } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge, StateBadge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { Empty } from '../../ui/Empty';
import { dollars, number, span } from '../../ui/format';
import { Time } from '../../ui/Time';
import type { Column } from '../../ui/table/DataTable';
import { ListTable } from '../../ui/table/ListTable';
import { WhoseName } from '../models/WhoseName';
import { TenantName } from '../tenants/TenantName';

const OUTCOMES: UsageOutcome[] = ['ok', 'invalid', 'rate_limited', 'refused', 'unavailable', 'timeout', 'hung_up', 'unreadable', 'abandoned'];

/** How the list is narrowed, as it stands in the address. */
export interface Narrowing {
  operation?: string;
  model?: string;
  outcome?: string;
  key?: string;
  task?: string;
}

interface Props {
  period: Period;
  narrowing: Narrowing;
  narrow: (next: Narrowing) => void;
}

export function Calls({ period, narrowing, narrow }: Props) {
  const { app, allTenants } = useHouse();
  const { operation, model, key, task } = narrowing;
  const outcome = OUTCOMES.find((it) => it === narrowing.outcome);
  const query = useInfiniteQuery(usageQuery({ ...period, operation, model, key, task, outcome }));
  const columns = useMemo<Column<UsageRow>[]>(
    () => [
      { id: 'at', label: 'When', width: 120, cell: (it) => <span className="quiet"><Time at={it.at} /></span> },
      { id: 'operation', label: 'Operation', width: 160, grows: true, cell: (it) => <span className="cut">{readable(it.operation)}</span> },
      { id: 'model', label: 'Model', width: 220, cell: (it) => <code className="cut">{it.provider}/{it.model}</code> },
      {
        id: 'outcome',
        label: 'Outcome',
        width: 150,
        cell: (it) => (
          <>
            <StateBadge state={it.outcome} />
            {it.from_cache && <Badge tone="info">Cache</Badge>}
          </>
        ),
      },
      { id: 'in', label: 'Tokens in', width: 95, align: 'right', cell: (it) => <Tokens count={it.tokens_in} isEstimated={it.estimated} /> },
      { id: 'cached', label: 'Cached', width: 85, align: 'right', cell: (it) => (it.tokens_cached > 0 ? number(it.tokens_cached) : <span className="quiet">–</span>) },
      { id: 'out', label: 'Tokens out', width: 95, align: 'right', cell: (it) => <Tokens count={it.tokens_out} isEstimated={it.estimated} /> },
      { id: 'cost', label: 'Cost', width: 100, align: 'right', cell: (it) => (it.cost_usd === null ? <span className="quiet" title="No price is known for this model.">unknown</span> : dollars(it.cost_usd)) },
      { id: 'first', label: 'First token', width: 95, align: 'right', cell: (it) => (it.ttft_ms === null ? <span className="quiet">–</span> : span(it.ttft_ms)) },
      { id: 'latency', label: 'Took', width: 90, align: 'right', cell: (it) => span(it.latency_ms) },
      ...(allTenants ? [{ id: 'tenant', label: capital(app.tenants?.noun ?? 'tenant'), width: 150, cell: (it: UsageRow) => <TenantName id={it.tenant} /> }] : []),
      { id: 'key', label: 'Key', width: 130, cell: (it) => (it.key ? <WhoseName scope="key" id={it.key} /> : <span className="quiet">–</span>) },
      { id: 'task', label: 'Task', width: 130, cell: (it) => (it.task ? <WhoseName scope="task" id={it.task} /> : <span className="quiet">–</span>) },
      { id: 'job', label: 'Job', width: 70, cell: (it) => (it.job ? <Link to="/jobs/$job" params={{ job: it.job }}>Open</Link> : <span className="quiet">–</span>) },
    ],
    [allTenants, app],
  );
  const isNarrowed = Boolean(operation ?? model ?? outcome ?? key ?? task);
  return (
    <section className="calls" aria-label="Calls">
      <h2>Call by call</h2>
      <div className="toolbar">
        <PartFilter label="Operation" none="Any operation" group="operation" period={period} value={operation} onChange={(it) => narrow({ operation: it })} />
        <PartFilter label="Model" none="Any model" group="model" period={period} value={model} onChange={(it) => narrow({ model: it })} />
        <Choice label="Outcome" none="Any outcome" options={OUTCOMES} words={readable} value={outcome} onChange={(it) => narrow({ outcome: it })} />
        <PartFilter label="Key" none="Any key" group="key" period={period} value={key} onChange={(it) => narrow({ key: it })} />
        <PartFilter label="Task" none="Any task" group="task" period={period} value={task} onChange={(it) => narrow({ task: it })} />
        {isNarrowed && (
          <Button kind="plain" icon="close" onClick={() => narrow({ operation: undefined, model: undefined, outcome: undefined, key: undefined, task: undefined })}>
            Clear
          </Button>
        )}
      </div>
      <ListTable
        label="Calls"
        noun="call"
        plural="calls"
        columns={columns}
        query={query}
        empty={
          isNarrowed ? (
            <Empty icon="usage" title="No such calls">
              In this time none fits all of what is chosen above.
            </Empty>
          ) : (
            <Empty icon="usage" title="No calls in this time">
              Each question to a model is written down here. Rules cost nothing and are not listed.
            </Empty>
          )
        }
      />
    </section>
  );
}

function Tokens({ count, isEstimated }: { count: number; isEstimated: boolean }) {
  return isEstimated ? <span title="Estimated: the provider did not say.">≈ {number(count)}</span> : number(count);
}

/** Narrows to one of what there was in this time. */
function PartFilter({ group, period, ...rest }: { label: string; none: string; group: UsageGroup; period: Period; value: string | undefined; onChange: (value: string | undefined) => void }) {
  const { app, can } = useHouse();
  const parts = useQuery(usageSummaryQuery(period, group));
  const keys = useQuery({ ...keysQuery(), enabled: group === 'key' && can('manage_keys'), staleTime: 60_000 });
  const words = (name: string) => {
    if (group === 'key') return keys.data?.items.find((it) => it.id === name)?.name ?? name;
    if (group === 'task') return app.tasks[name]?.title ?? readable(name);
    return group === 'operation' ? readable(name) : name;
  };
  const names = parts.data?.breakdown.map((it) => it.name).filter(Boolean) ?? [];
  // A choice of one or none is no choice.
  if (names.length === 0 && !rest.value) return null;
  return <Choice {...rest} options={names} words={words} />;
}
