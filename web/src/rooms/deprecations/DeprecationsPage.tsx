/** The paths that will go: until when they answer, what to use instead, and who still calls them. */
import { useQuery } from '@tanstack/react-query';

import { counted } from '../../api/description';
import { deprecationsQuery } from '../../api/rounds';
import type { DeprecationView } from '../../api/types';
import { Badge } from '../../ui/Badge';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { number } from '../../ui/format';
import { Card, Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { PersonName } from '../access/PersonName';

export default function DeprecationsPage() {
  const query = useQuery(deprecationsQuery);
  const all = [...(query.data ?? [])].sort((a, b) => b.calls - a.calls);
  return (
    <Page title="Old paths" about="Paths that will go, and who still calls them. Counts arrive every few seconds.">
      {query.isPending ? (
        <Skeleton lines={6} />
      ) : query.isError && !query.data ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : all.length === 0 ? (
        <div className="card">
          <Empty icon="link" title="No path will go">
            Paths that are declared deprecated appear here with their last days.
          </Empty>
        </div>
      ) : (
        all.map((it) => <Old key={it.route} old={it} />)
      )}
    </Page>
  );
}

function Old({ old }: { old: DeprecationView }) {
  return (
    <Card
      title={<code>{old.route}</code>}
      aside={
        <>
          {old.is_gone ? <Badge tone="bad">Gone</Badge> : <Badge tone="warn">Will go</Badge>}
          <span className="number quiet">{counted(old.calls, 'call', 'calls')}</span>
        </>
      }
      flush
    >
      <div style={{ padding: '12px 16px' }}>
        <dl className="facts facts--line">
          <div>
            <dt>Deprecated</dt>
            <dd>
              <Time at={old.since} />
            </dd>
          </div>
          <div>
            <dt>Last day</dt>
            <dd>{old.sunset ? <Time at={old.sunset} /> : 'not decided'}</dd>
          </div>
          {old.use && (
            <div>
              <dt>Use</dt>
              <dd>
                <code>{old.use}</code>
              </dd>
            </div>
          )}
          {old.calls_since_gone > 0 && (
            <div>
              <dt>Refused since</dt>
              <dd>{number(old.calls_since_gone)}</dd>
            </div>
          )}
        </dl>
      </div>
      {old.clients.length === 0 ? (
        <p className="quiet" style={{ padding: '0 16px 14px' }}>
          Nobody has called it.
        </p>
      ) : (
        // A region that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="grid-scroll" role="region" aria-label={`Who calls ${old.route}`} tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">Who</th>
                <th scope="col" className="right">
                  Calls
                </th>
                <th scope="col" className="right">
                  Refused
                </th>
                <th scope="col">First</th>
                <th scope="col">Last</th>
              </tr>
            </thead>
            <tbody>
              {old.clients.map((it) => (
                <tr key={`${it.kind} ${it.client}`}>
                  <td>{it.kind === 'user' ? <PersonName id={it.client} /> : it.kind === 'key' ? <>Key {it.client}</> : it.kind === 'nobody' ? 'Somebody who has not signed in' : `Others (${old.client_count - old.clients.length + 1})`}</td>
                  <td className="right">{number(it.calls)}</td>
                  <td className="right">{number(it.gone)}</td>
                  <td className="quiet">
                    <Time at={it.first_at} />
                  </td>
                  <td className="quiet">
                    <Time at={it.last_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
