import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { conversationsQuery } from '../../api/asked';
import { answer, api } from '../../api/client';
import type { ConversationView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button, IconButton } from '../../ui/Button';
import { Confirm } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { rowsOf } from '../../ui/table/cursor';
import { Time } from '../../ui/Time';

/** One's own conversations, the one in which something was last asked first. */
export function ConversationList({ current, onOpen }: { current: string | undefined; onOpen?: () => void }) {
  const { app, tenant } = useHouse();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState<ConversationView | null>(null);
  const query = useInfiniteQuery(conversationsQuery({ tenant }));
  const rows = rowsOf(query.data);
  const hasSeveral = Object.keys(app.questions).length > 1;
  if (query.isPending) return <Skeleton lines={6} />;
  return (
    <nav className="chats" aria-label="Your conversations">
      {rows.length === 0 && !query.error && <p className="quiet chats__none">What you ask is kept here for a while.</p>}
      <ul>
        {rows.map((it) => (
          <li key={it.id} className="chats__one" data-current={it.id === current || undefined}>
            <Link to="/questions/{-$conversation}" params={{ conversation: it.id }} search={(now) => ({ tenant: now.tenant })} className="chats__link" aria-current={it.id === current ? 'page' : undefined} onClick={onOpen}>
              <span className="cut">{it.title}</span>
              <span className="quiet cut">
                {hasSeveral && `${app.questions[it.questions]?.title ?? it.questions} · `}
                <Time at={it.updated_at} />
              </span>
            </Link>
            <IconButton small icon="trash" label={`Delete ${it.title}`} onClick={() => setDeleting(it)} />
          </li>
        ))}
      </ul>
      <ErrorNote error={query.error} retry={() => void query.refetch()} />
      {query.hasNextPage && (
        <Button small busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Older conversations
        </Button>
      )}
      {deleting && (
        <Confirm
          open
          onClose={() => setDeleting(null)}
          title="Delete this conversation?"
          act="Delete"
          kind="bad"
          run={async () => {
            await answer(api.DELETE('/api/questions/conversations/{conversation}', { params: { path: { conversation: deleting.id } } }));
            await client.invalidateQueries({ queryKey: ['conversations'] });
            if (deleting.id === current) await navigate({ to: '/questions/{-$conversation}', params: { conversation: undefined }, search: (now) => ({ tenant: now.tenant }) });
          }}
        >
          “{deleting.title}”, with everything that was asked and answered in it.
        </Confirm>
      )}
    </nav>
  );
}
