/** What may be spent, and how much of it is. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { budgetEventsQuery, budgetsQuery } from '../../api/queries';
import type { BudgetEvent, BudgetStanding } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Confirm } from '../../ui/Dialog';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Card } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toast';
import { ShortTable } from '../../ui/table/ShortTable';
import { BudgetCard } from './BudgetCard';
import { BudgetForm } from './BudgetForm';
import { amount, grouped } from './budgets';
import { WhoseName } from './WhoseName';

export default function BudgetsTab() {
  const { can, me, tenant } = useHouse();
  const query = useQuery(budgetsQuery);
  const [editing, setEditing] = useState<BudgetStanding | 'new' | null>(null);
  const [removing, setRemoving] = useState<BudgetStanding | null>(null);
  // Budgets bind all tenants.
  const mayChange = can('manage_models') && me.reaches === 'all';

  if (query.isPending) return <Skeleton lines={6} />;
  if (!query.data) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const budgets = grouped(query.data.budgets, tenant);
  const add = mayChange && (
    <Button small={budgets.length > 0} icon="plus" onClick={() => setEditing('new')}>
      New budget
    </Button>
  );
  return (
    <>
      {query.isError && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
      {budgets.length === 0 ? (
        <div className="card">
          <Empty icon="usage" title="No budgets" action={add || undefined}>
            Without one, models may cost whatever they cost. A budget warns, and then refuses or asks a cheaper model.
          </Empty>
        </div>
      ) : (
        <section className="stack" aria-label="Budgets">
          <div className="row row--between">
            <h2>Budgets</h2>
            {add}
          </div>
          <div className="cards cards--half">
            {budgets.map((it) => (
              <BudgetCard key={it.head.name} budget={it} acts={mayChange ? { change: () => setEditing(it.head), remove: () => setRemoving(it.head) } : undefined} />
            ))}
          </div>
        </section>
      )}
      <Events standings={query.data.budgets} />
      {editing && <BudgetForm budget={editing === 'new' ? null : editing} taken={budgets.map((it) => it.head.name)} onClose={() => setEditing(null)} />}
      {removing && <RemoveBudget budget={removing} onClose={() => setRemoving(null)} />}
    </>
  );
}

function RemoveBudget({ budget, onClose }: { budget: BudgetStanding; onClose: () => void }) {
  const client = useQueryClient();
  return (
    <Confirm
      open
      onClose={onClose}
      kind="bad"
      title={`Remove “${budget.name}”?`}
      act="Remove"
      run={async () => {
        await answer(api.DELETE('/api/budgets/{budget}', { params: { path: { budget: budget.name } } }));
        void client.invalidateQueries({ queryKey: ['budgets'] });
        toast('Removed.', 'good');
      }}
    >
      It holds nobody back any more. If the settings have a budget of this name, that one holds again.
    </Confirm>
  );
}

/** When budgets came near their end, and when they came to it. */
function Events({ standings }: { standings: BudgetStanding[] }) {
  const events = useQuery(budgetEventsQuery);
  const rows = events.data?.events.map((it) => ({ ...it, id: `${it.budget} ${it.id} ${it.starts_at} ${it.kind}`, whose: it.id }));
  const scopeOf = (event: BudgetEvent) => standings.find((it) => it.name === event.budget)?.scope;
  return (
    <Card title="Events" flush>
      <ShortTable
        label="Events of budgets"
        inCard
        query={{ ...events, data: rows && { items: rows } }}
        columns={[
          { id: 'at', label: 'When', kind: 'quiet', cell: (it) => <Time at={it.at} /> },
          { id: 'budget', label: 'Budget', cell: (it) => it.budget },
          { id: 'whose', label: 'Whose', cell: (it) => <WhoseName scope={scopeOf(it)} id={it.whose} /> },
          { id: 'kind', label: 'What', cell: (it) => <Badge tone={it.kind === 'reached' ? 'bad' : 'warn'} dot>{it.kind === 'reached' ? 'Used up' : 'Warned'}</Badge> },
          { id: 'spent', label: 'Spent by then', cell: (it) => `${amount(it.spent, it.unit)} of ${amount(it.limit, it.unit)}` },
        ]}
        empty={<p className="quiet" style={{ padding: 16 }}>No budget came near its end yet.</p>}
      />
    </Card>
  );
}
