import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { chatsQuery } from '../../api/queries';
import type { ChatView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button, IconButton } from '../../ui/Button';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Menu } from '../../ui/Menu';
import { rowsOf } from '../../ui/table/cursor';
import { Time } from '../../ui/Time';
import { actsOn, type ChatAct } from './acts';

interface Props {
  /** The one that is looked at. */
  chat: string | undefined;
  /** Only those about this record. */
  about?: { tenant: string | undefined; record: string };
  onAct: (act: ChatAct) => void;
  onOpen?: () => void;
}

/** One's own chats, the one in which something was last said first. */
export function ChatList({ chat, about, onAct, onOpen }: Props) {
  const { app, tenant } = useHouse();
  const chats = useInfiniteQuery(chatsQuery(about ?? { tenant }));
  const rows = rowsOf(chats.data);
  const hasSeveral = Object.keys(app.assistants).length > 1;
  if (chats.isPending) return <Skeleton lines={6} />;
  return (
    <nav className="chats" aria-label={about ? 'Your chats about this' : 'Your chats'}>
      {rows.length === 0 && !chats.error && <p className="quiet chats__none">{about ? 'You asked nothing about this yet.' : 'Chats are kept here, until you delete them.'}</p>}
      <ul>
        {rows.map((it) => (
          <li key={it.id} className="chats__one" data-current={it.id === chat || undefined}>
            <Link to="/chat/{-$chat}" params={{ chat: it.id }} search={{}} className="chats__link" aria-current={it.id === chat ? 'page' : undefined} onClick={onOpen}>
              <span className="cut">{it.title}</span>
              <span className="quiet cut">
                {hasSeveral && `${nameOf(it)} · `}
                <Time at={it.updated_at} />
              </span>
            </Link>
            <Menu label={`Acts on ${it.title}`} trigger={<IconButton small icon="more" label={`More for ${it.title}`} />} items={actsOn(it, onAct)} />
          </li>
        ))}
      </ul>
      <ErrorNote error={chats.error} retry={() => void chats.refetch()} />
      {chats.hasNextPage && (
        <Button small busy={chats.isFetchingNextPage} onClick={() => void chats.fetchNextPage()}>
          Older chats
        </Button>
      )}
    </nav>
  );

  function nameOf(it: ChatView): string {
    return app.assistants[it.assistant]?.title ?? it.assistant;
  }
}
