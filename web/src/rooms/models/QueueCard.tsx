/** Who waits for a model at this moment: asked for each second, as long as somebody looks. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { modelQueueQuery } from '../../api/queries';
import type { ModelQueue } from '../../api/types';
import { capital } from '../../api/description';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { number, span } from '../../ui/format';
import { Card } from '../../ui/Page';
import { TenantName } from '../tenants/TenantName';
import { toneOf } from './budgets';
import { Meter } from './Meter';

/** A minute of it is drawn. */
const SAMPLES = 60;
const PRIORITY_TONES = { high: 'accent', normal: 'plain', low: 'plain' } as const;

export function QueueCard() {
  const { app } = useHouse();
  const query = useQuery(modelQueueQuery);
  const depths = useLast(query.data?.depth, query.dataUpdatedAt);
  if (query.isPending) return <Skeleton lines={5} />;
  if (!query.data) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;

  const { depth, depth_max, wait_max_s, waiting } = query.data;
  const longest = Math.max(0, ...waiting.map((it) => it.longest_ms));
  const full = depth_max > 0 ? depth / depth_max : 0;
  const rows = [...waiting].sort(byPriority);
  return (
    <Card
      title="Queue"
      aside={
        <Badge tone={query.isError ? 'warn' : 'good'} dot>
          {query.isError ? 'Not answered' : 'Live'}
        </Badge>
      }
    >
      <div className="queue">
        <div className="stack">
          <div className="queue__figures">
            <div>
              <div className="tile__label">Waiting</div>
              <div className="tile__value">{number(depth)}</div>
              <div className="tile__note">of {number(depth_max)} that have room</div>
            </div>
            <div>
              <div className="tile__label">Longest wait</div>
              <div className="tile__value">{longest > 0 ? span(longest) : '–'}</div>
              <div className="tile__note">of {span(wait_max_s * 1000)} at most</div>
            </div>
          </div>
          <Meter label="Queue" words={`${number(depth)} of ${number(depth_max)} wait`} used={full} tone={toneOf(full, 0.8)} />
          <Trace values={depths} most={Math.max(depth_max, 1)} />
        </div>
        {rows.length === 0 ? (
          <p className="quiet">Nobody waits: whoever asks is let through at once.</p>
        ) : (
          // A region that scrolls must be reachable by keyboard.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          <div className="grid-scroll" role="region" aria-label="Who waits" tabIndex={0}>
            <table className="grid">
              <thead>
                <tr>
                  {app.tenants && <th scope="col">{capital(app.tenants.noun)}</th>}
                  <th scope="col">Priority</th>
                  <th scope="col" className="right">
                    Waiting
                  </th>
                  <th scope="col" className="right">
                    Longest
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((it) => (
                  <tr key={`${it.tenant} ${it.priority}`}>
                    {app.tenants && (
                      <td>
                        <TenantName id={it.tenant} />
                      </td>
                    )}
                    <td>
                      <Badge tone={PRIORITY_TONES[it.priority]}>{capital(it.priority)}</Badge>
                    </td>
                    <td className="right">{number(it.count)}</td>
                    <td className="right">{span(it.longest_ms)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </Card>
  );
}

/** How many waited over the last minute. The number itself stands beside it. */
function Trace({ values, most }: { values: number[]; most: number }) {
  const highest = Math.max(...values, 1);
  const at = (value: number, index: number) => `${((SAMPLES - values.length + index) / (SAMPLES - 1)) * 100},${30 - (value / highest) * 28}`;
  const line = values.map(at).join(' ');
  const first = ((SAMPLES - values.length) / (SAMPLES - 1)) * 100;
  return (
    <figure className="trace">
      <svg viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">
        {values.length > 1 && (
          <>
            <polygon points={`${first},32 ${line} 100,32`} fill="var(--accent-soft)" />
            <polyline points={line} fill="none" stroke="var(--accent)" strokeWidth={1.5} vectorEffect="non-scaling-stroke" />
          </>
        )}
      </svg>
      <figcaption className="quiet">
        Over the last minute, at most {number(Math.min(Math.max(...values, 0), most))}
      </figcaption>
    </figure>
  );
}

/** The values of the last minute, one for each answer. */
function useLast(value: number | undefined, at: number): number[] {
  const [seen, setSeen] = useState(0);
  const [values, setValues] = useState<number[]>([]);
  if (value !== undefined && at !== seen) {
    setSeen(at);
    setValues([...values, value].slice(-SAMPLES));
  }
  return values;
}

const ORDER = ['high', 'normal', 'low'];

function byPriority(a: ModelQueue['waiting'][number], b: ModelQueue['waiting'][number]): number {
  return ORDER.indexOf(a.priority) - ORDER.indexOf(b.priority) || b.longest_ms - a.longest_ms;
}
