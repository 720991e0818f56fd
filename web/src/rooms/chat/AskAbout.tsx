/** From a record to who is asked about it, and to what was asked about it before. */
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { Menu } from '../../ui/Menu';
import { ChatList } from './ChatList';
import { useChatActs } from './ChatActs';
import { useAskable } from './useAbout';
import './chat.css';

interface Props {
  record: string;
  collection: string;
  /** Whose it is, where that is known. */
  tenant?: string;
}

/** A button for a new chat about it; `otherwise` where nobody is asked about such things. */
export function AskAbout({ record, collection, tenant, otherwise = null }: Props & { otherwise?: ReactNode }) {
  const asked = useAskable(collection);
  const navigate = useNavigate();
  if (!asked) return null;
  const [first, ...others] = asked;
  if (!first) return otherwise;
  if (others.length > 0) {
    const open = (assistant: string) => void navigate({ to: '/chat/{-$chat}', params: { chat: undefined }, search: (now) => ({ tenant: tenant ?? now.tenant, assistant, record }) });
    return <Menu label="Who is asked" trigger={<Button icon="chat">Ask about this</Button>} items={asked.map((it) => ({ label: `Ask ${it.title}`, icon: 'chat', run: () => open(it.name) }))} />;
  }
  return (
    <Link to="/chat/{-$chat}" params={{ chat: undefined }} search={(now) => ({ tenant: tenant ?? now.tenant, assistant: first.name, record })} className="button">
      <Icon name="chat" /> Ask {first.title} about this
    </Link>
  );
}

/** The chats one had about it, the one in which something was last said first. */
export function ChatsAbout({ record, tenant: owner }: Omit<Props, 'collection'>) {
  const { app, tenant, allTenants } = useHouse();
  const [run, dialog] = useChatActs();
  if (allTenants && !owner) return <p className="quiet">Choose a {app.tenants?.noun} to see what you asked about this.</p>;
  return (
    <>
      <ChatList chat={undefined} about={{ tenant: owner ?? tenant, record }} onAct={run} />
      {dialog}
    </>
  );
}
