/** One budget: what it allows, and how it stands for each of those it limits. */
import { useState } from 'react';

import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { Card } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { amount, type Budget, percent, scopeWords, toneOf } from './budgets';
import { Meter } from './Meter';
import { WhoseName } from './WhoseName';
import type { BudgetStanding } from '../../api/types';

/** More than these are shown when they are asked for. */
const FEW = 6;

interface Props {
  budget: Budget;
  /** Left out where one may not. */
  acts?: { change: () => void; remove: () => void };
}

export function BudgetCard({ budget: { head, standings }, acts }: Props) {
  const { app } = useHouse();
  const [all, setAll] = useState(false);
  const shown = all ? standings : standings.slice(0, FEW);
  return (
    <Card
      title={head.name}
      aside={
        <>
          <Badge tone={head.is_set ? 'accent' : 'plain'}>{head.is_set ? 'Set here' : 'From the settings'}</Badge>
          {acts && (
            <span className="row" style={{ gap: 2 }}>
              <IconButton small icon="edit" label={`Change ${head.name}`} onClick={acts.change} />
              {head.is_set && <IconButton small icon="trash" label={`Remove ${head.name}`} onClick={acts.remove} />}
            </span>
          )}
        </>
      }
    >
      <div className="stack">
        <p className="soft">
          <strong>{amount(head.limit, head.unit)}</strong> a {head.period} for{' '}
          {head.match ? <WhoseName scope={head.scope} id={head.match} /> : scopeWords(head.scope, app.tenants?.noun ?? 'tenant')}; then{' '}
          {head.at_limit === 'refuse' ? (
            'it refuses'
          ) : (
            <>
              it asks <code className="wrap">{head.downgrade_to}</code>
            </>
          )}
          . It warns at {percent(head.warn_at)}, and begins anew <Time at={head.resets_at} />.
        </p>
        {standings.length === 0 && <p className="quiet">Nothing was spent under it yet.</p>}
        <ul className="standings">
          {shown.map((it) => (
            <Standing key={it.id} standing={it} isOnly={head.scope === 'whole'} />
          ))}
        </ul>
        {standings.length > FEW && (
          <div>
            <Button small kind="plain" icon={all ? 'up' : 'down'} onClick={() => setAll(!all)}>
              {all ? 'Fewer' : `All ${standings.length}`}
            </Button>
          </div>
        )}
      </div>
    </Card>
  );
}

function Standing({ standing: it, isOnly }: { standing: BudgetStanding; isOnly: boolean }) {
  const tone = toneOf(it.used_ratio, it.warn_at);
  return (
    <li>
      <div className="row row--between">
        <span className="grow cut">{isOnly ? 'Everything' : <WhoseName scope={it.scope} id={it.id} />}</span>
        {tone !== 'good' && <Badge tone={tone}>{tone === 'bad' ? 'Used up' : 'Near its end'}</Badge>}
        <span className="number soft">{percent(it.used_ratio)}</span>
      </div>
      <Meter
        label={`${it.name}${it.id ? `, ${it.id}` : ''}`}
        words={`${amount(it.spent, it.unit)} of ${amount(it.limit, it.unit)} spent`}
        used={it.used_ratio}
        held={it.limit > 0 ? it.leased / it.limit : 0}
        mark={it.warn_at}
        tone={tone}
      />
      <p className="quiet standings__words">
        {amount(it.spent, it.unit)} spent
        {it.leased > 0 && <span title="Replicas hold it for what they are about to spend."> · {amount(it.leased, it.unit)} leased</span>}
        {it.in_flight > 0 && <span title="Held for requests that are under way here."> · {amount(it.in_flight, it.unit)} in flight</span>}
      </p>
    </li>
  );
}
