/** Asking an assistant: one's chats, the one that is looked at, and the question that comes next. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { assistantsQuery, chatQuery } from '../../api/queries';
import { useHouse } from '../../app/house';
import { TenantPicker } from '../../app/TenantSwitcher';
import { Button, IconButton } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Empty } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Menu } from '../../ui/Menu';
import { Page } from '../../ui/Page';
import { useShortcuts } from '../../ui/Shortcuts';
import { actsOn, type ChatAct } from './acts';
import { isUnderWay } from './answer';
import { ChatDialog, useChatActs } from './ChatActs';
import { AttachButton, ChatDocuments } from './ChatDocuments';
import { ChatList } from './ChatList';
import { Composer } from './Composer';
import { Conversation } from './Conversation';
import { OwnPromptDialog } from './OwnPrompt';
import { talks } from './talks';
import { useTalks } from './useTalks';
import './chat.css';

const route = getRouteApi('/house/chat/{-$chat}');

export default function ChatPage() {
  const { app, allTenants, setTenant } = useHouse();
  if (!allTenants) return <Room />;
  return (
    <Page title="Chat">
      <Empty
        icon="building"
        title={`Choose a ${app.tenants?.noun}`}
        action={
          <div style={{ width: 280 }}>
            <TenantPicker label={app.tenants?.noun ?? ''} value={null} onChange={(it) => setTenant(it ?? undefined)} />
          </div>
        }
      >
        An assistant looks into what belongs to one {app.tenants?.noun} at a time.
      </Empty>
    </Page>
  );
}

function Room() {
  const { tenant, can } = useHouse();
  const { chat } = route.useParams();
  const { assistant: wanted } = route.useSearch();
  const client = useQueryClient();
  const navigate = useNavigate();
  const assistants = useQuery(assistantsQuery);
  const view = useQuery({ ...chatQuery(chat ?? ''), enabled: chat !== undefined }).data;
  const name = chat === undefined ? (wanted ?? assistants.data?.[0]?.name) : view?.assistant;
  const assistant = assistants.data?.find((it) => it.name === name);

  // The chat that the first question makes is the one that is looked at from then on.
  const [begun, setBegun] = useState<number | null>(null);
  const [landed, setLanded] = useState<number | null>(null);
  const all = useTalks();
  const live = all.findLast((it) => (chat === undefined ? it.id === begun && it.id !== landed : it.chat === chat)) ?? null;
  const isFromHere = live !== null && live.id === begun;
  // Afterwards the page of new chats is empty again.
  if (isFromHere && chat !== undefined && landed !== begun) setLanded(begun);
  const made = chat === undefined ? (live?.chat ?? null) : null;
  useEffect(() => {
    if (made !== null) void navigate({ to: '/chat/{-$chat}', params: { chat: made }, search: {}, replace: true });
  }, [made, navigate]);

  const [web, setWeb] = useState(false);
  const [act, setAct] = useState<ChatAct | null>(null);
  const [open, setOpen] = useState<'chats' | 'rules' | null>(null);
  const doAtOnce = useChatActs();
  const run = (next: ChatAct) => (next.kind === 'rename' || next.kind === 'delete' ? setAct(next) : doAtOnce(next));

  // Which chat a question belongs to is known by its tenant too, where there are several.
  const of = { tenant: tenant && (view?.tenant ?? tenant), assistant: name ?? '', web: web && (assistant?.web ?? false) };
  const isAnswering = live !== null && isUnderWay(live);
  const ask = (question: string) => {
    const id = talks.ask(client, { ...of, chat: chat ?? null, question });
    if (chat === undefined) setBegun(id);
  };
  const again = (question: string) => {
    const where = chat ?? live?.chat ?? null;
    // A question that was never kept is asked anew.
    if (where === null || (live !== null && live.state === 'failed' && !live.isAgain && live.questionId === null)) ask(question);
    else talks.again(client, { ...of, chat: where, question });
  };
  const stop = () => live && talks.stop(live.id);
  const begin = () => {
    setBegun(null);
    void navigate({ to: '/chat/{-$chat}', params: { chat: undefined }, search: {} });
  };
  useShortcuts([{ keys: 'n', about: 'New chat', run: begin }, ...(isAnswering ? [{ keys: 'Escape', about: 'Stop the answer', run: stop }] : [])]);

  const title = chat === undefined ? 'New chat' : (view?.title ?? '…');
  return (
    <Page
      fill
      title={title}
      about={assistant?.title}
      actions={
        <>
          <Button className="chat__open" icon="menu" onClick={() => setOpen('chats')}>
            Chats
          </Button>
          <Button icon="plus" onClick={begin}>
            New chat
          </Button>
          {assistant && (view || assistant.own_prompt_chars > 0) && (
            <Menu
              label="Acts on this chat"
              trigger={<IconButton icon="more" kind="solid" label="More" />}
              items={[...(view ? actsOn(view, run) : []), assistant.own_prompt_chars > 0 && { label: 'Your own rules', icon: 'prompt', apart: view !== undefined, run: () => setOpen('rules') }]}
            />
          )}
        </>
      }
    >
      <div className="chat">
        <aside className="card chat__list">
          <ChatList chat={chat} onAct={run} />
        </aside>
        <section className="card chat__talk" aria-label="Conversation">
          <Conversation key={isFromHere ? `begun ${begun}` : chat} chat={chat} view={view} assistant={assistant} live={live} onAgain={again} />
          <div className="chat__foot">
            <ErrorNote error={assistants.error} retry={() => void assistants.refetch()} />
            {chat !== undefined && assistant?.documents && can('read_documents') && <ChatDocuments chat={chat} />}
            <Composer key={isFromHere ? `begun ${begun}` : chat} assistant={assistant} isAnswering={isAnswering} isStopping={live?.isStopping ?? false} web={web} onWeb={setWeb} onAsk={ask} onStop={stop}>
              {chat === undefined && assistants.data && assistants.data.length > 1 && (
                <select className="input chat__assistant" aria-label="Assistant" value={name} onChange={(event) => void navigate({ to: '/chat/{-$chat}', params: { chat: undefined }, search: { assistant: event.target.value }, replace: true })}>
                  {assistants.data.map((it) => (
                    <option key={it.name} value={it.name}>
                      {it.title}
                    </option>
                  ))}
                </select>
              )}
              {assistant?.documents && can('write_documents') && <AttachButton chat={chat ?? null} tenant={of.tenant} />}
            </Composer>
          </div>
        </section>
      </div>
      {open === 'chats' && (
        <Dialog open onClose={() => setOpen(null)} title="Your chats" shape="side">
          <ChatList chat={chat} onAct={run} onOpen={() => setOpen(null)} />
        </Dialog>
      )}
      {open === 'rules' && assistant && <OwnPromptDialog assistant={assistant} tenant={of.tenant} onClose={() => setOpen(null)} />}
      {act && (
        <ChatDialog
          act={act}
          onClose={() => setAct(null)}
          onDeleted={(gone) => {
            setOpen(null);
            if (gone.id === chat) begin();
          }}
        />
      )}
    </Page>
  );
}
