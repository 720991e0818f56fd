import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { answer, api } from '../../api/client';
import { sessionsQuery } from '../../api/queries';
import { signOutEverywhere } from '../../app/AccountMenu';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { toast, toastFault } from '../../ui/Toast';
import { ShortTable } from '../../ui/table/ShortTable';

const route = getRouteApi('/house/sessions');

/** Where a person is signed in. */
export default function SessionsPage() {
  const { me } = useHouse();
  const { user = me.id } = route.useSearch();
  const client = useQueryClient();
  const query = useQuery(sessionsQuery(user));
  const revoke = useMutation({
    mutationFn: (id: string) => answer(api.DELETE('/api/sessions/{session}', { params: { path: { session: id } } })),
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
      <ShortTable
        label="Sessions"
        query={query}
        columns={[
          {
            id: 'browser',
            label: 'Browser',
            cell: (it) => (
              <span className="row">
                {browserOf(it.user_agent)}
                {it.is_current && <Badge tone="good">This one</Badge>}
              </span>
            ),
          },
          { id: 'address', label: 'Address', cell: (it) => <code>{it.address ?? 'unknown'}</code> },
          { id: 'since', label: 'Since', kind: 'quiet', cell: (it) => <Time at={it.created_at} /> },
          { id: 'seen', label: 'Last seen', kind: 'quiet', cell: (it) => <Time at={it.last_used_at} /> },
          { id: 'ends', label: 'Ends', kind: 'quiet', cell: (it) => <Time at={it.expires_at} /> },
          {
            id: 'acts',
            label: 'Acts',
            kind: 'acts',
            cell: (it) =>
              !it.is_current && (
                <Button small disabled={revoke.isPending} onClick={() => revoke.mutate(it.id)}>
                  End
                </Button>
              ),
          },
        ]}
      />
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
