import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { answer, api } from '../../api/client';
import { sessionsQuery } from '../../api/queries';
import { signOutEverywhere } from '../../app/AccountMenu';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { toast, toastFault } from '../../ui/Toast';

const route = getRouteApi('/house/sessions');

/** Where a person is signed in. */
export default function SessionsPage() {
  const { me } = useHouse();
  const { user = me.id } = route.useSearch();
  const client = useQueryClient();
  const query = useQuery(sessionsQuery(user));
  const revoke = useMutation({
    mutationFn: (id: string) => answer(api.DELETE('/api/sessions/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['sessions'] });
      toast('That session is over.', 'good');
    },
    onError: toastFault,
  });
  return (
    <Page
      title="Sessions"
      about={user === me.id ? 'Where you are signed in.' : 'Where this person is signed in.'}
      actions={
        user === me.id && (
          <Button kind="bad" icon="out" onClick={() => void signOutEverywhere(me.id)}>
            Sign out everywhere
          </Button>
        )
      }
    >
      {query.isPending ? (
        <Skeleton lines={4} />
      ) : query.isError ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : (
        // A region that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="card grid-scroll" role="region" aria-label="Sessions" tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">Browser</th>
                <th scope="col">Address</th>
                <th scope="col">Since</th>
                <th scope="col">Last seen</th>
                <th scope="col">Ends</th>
                <th scope="col">
                  <span className="unseen">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {query.data.items.map((it) => (
                <tr key={it.id}>
                  <td>
                    <span className="row">
                      {browserOf(it.user_agent)}
                      {it.is_current && <Badge tone="good">This one</Badge>}
                    </span>
                  </td>
                  <td>
                    <code>{it.address ?? 'unknown'}</code>
                  </td>
                  <td className="quiet">
                    <Time at={it.created_at} />
                  </td>
                  <td className="quiet">
                    <Time at={it.last_used_at} />
                  </td>
                  <td className="quiet">
                    <Time at={it.expires_at} />
                  </td>
                  <td>
                    <span className="row row--end">
                      {!it.is_current && (
                        <Button small disabled={revoke.isPending} onClick={() => revoke.mutate(it.id)}>
                          End
                        </Button>
                      )}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Page>
  );
}

/** A browser's long name in two words. */
function browserOf(agent: string | null): string {
  if (!agent) return 'Unknown';
  const name = /(Edg|OPR|Firefox|Chrome|Safari|curl)/.exec(agent)?.[1] ?? agent.slice(0, 24);
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(agent)?.[1];
  const known: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS X': 'macOS' };
  return [known[name] ?? name, system && `on ${known[system] ?? system}`].filter(Boolean).join(' ');
}
