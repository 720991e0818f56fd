/** How much may be asked at once and by the minute, how much is, and who waits. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { capital } from '../../api/description';
import { modelLimitsQuery } from '../../api/queries';
import type { LimitUse, ModelLimit } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { dollars, number } from '../../ui/format';
import { Card } from '../../ui/Page';
import { toneOf } from './budgets';
import { Meter } from './Meter';
import { QueueCard } from './QueueCard';
import { WhoseName } from './WhoseName';

const FEW = 8;
/** From this share on a limit is nearly reached. */
const NEAR = 0.8;

export default function LimitsTab() {
  return (
    <>
      <QueueCard />
      <Limits />
    </>
  );
}

function Limits() {
  const query = useQuery(modelLimitsQuery);
  if (query.isPending) return <Skeleton lines={5} />;
  if (!query.data) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const { limits, request_limit_usd: each } = query.data;
  return (
    <section className="stack" aria-label="Limits">
      <div>
        <h2>Limits</h2>
        <p className="quiet">In any sixty seconds, of this process. They stand in the settings.</p>
        {each !== null && <p className="quiet">One request costs {dollars(each)} at most.</p>}
      </div>
      {query.isError && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
      {limits.length === 0 ? (
        <div className="card">
          <Empty icon="jobs" title="No limits">
            Name some in config/llm.yaml: requests and tokens by the minute, requests at once, for a provider, a model, a tenant or a key.
          </Empty>
        </div>
      ) : (
        <div className="cards cards--half">
          {limits.map((it, index) => (
            <LimitCard key={`${it.per} ${it.match ?? ''} ${index}`} limit={it} />
          ))}
        </div>
      )}
    </section>
  );
}

function LimitCard({ limit }: { limit: ModelLimit }) {
  const { app } = useHouse();
  const [all, setAll] = useState(false);
  const noun = limit.per === 'tenant' ? (app.tenants?.noun ?? 'tenant') : limit.per;
  const used = all ? limit.used : limit.used.slice(0, FEW);
  const most = [
    limit.requests_per_minute !== null && `${number(limit.requests_per_minute)} requests/min`,
    limit.tokens_per_minute !== null && `${number(limit.tokens_per_minute)} tokens/min`,
    limit.concurrency !== null && `${number(limit.concurrency)} at once`,
  ].filter(Boolean);
  return (
    <Card title={
        limit.match ? (
          <>
            {capital(noun)} <WhoseName scope={limit.per} id={limit.match} />
          </>
        ) : (
          `Each ${noun}`
        )
      } aside={<span className="quiet">{most.join(' · ')}</span>}>
      {limit.used.length === 0 ? (
        <p className="quiet">Nobody asked in the last minute.</p>
      ) : (
        <ul className="uses">
          {used.map((it) => (
            <Use key={it.id} use={it} limit={limit} />
          ))}
        </ul>
      )}
      {limit.used.length > FEW && (
        <Button small kind="plain" icon={all ? 'up' : 'down'} onClick={() => setAll(!all)}>
          {all ? 'Fewer' : `All ${limit.used.length}`}
        </Button>
      )}
    </Card>
  );
}

function Use({ use, limit }: { use: LimitUse; limit: ModelLimit }) {
  return (
    <li className="use">
      <div className="use__name cut">
        <WhoseName scope={limit.per} id={use.id} />
      </div>
      <Part label="requests" value={use.requests} most={limit.requests_per_minute} whose={use.id} />
      <Part label="tokens" value={use.tokens} most={limit.tokens_per_minute} whose={use.id} />
      <Part label="at once" value={use.in_flight} most={limit.concurrency} whose={use.id} />
    </li>
  );
}

/** What is not limited is said without a bar. */
function Part({ label, value, most, whose }: { label: string; value: number | null; most: number | null; whose: string }) {
  if (value === null) return null;
  const words = most === null ? `${number(value)} ${label}` : `${number(value)} of ${number(most)} ${label}`;
  const ratio = most ? value / most : 0;
  return (
    <div className="use__part">
      {most !== null && <Meter label={`${label} of ${whose}`} words={words} used={ratio} tone={toneOf(ratio, NEAR)} />}
      <span className="quiet">{words}</span>
    </div>
  );
}
