/** Asking an assistant: one's chats, the one that is looked at, and the question that comes next. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { assistantsQuery, chatQuery } from '../../api/queries';
import { ChooseTenant } from '../../app/ChooseTenant';
import { useHouse } from '../../app/house';
import { Button, IconButton } from '../../ui/Button';
import { Composer } from '../../ui/Composer';
import { Dialog } from '../../ui/Dialog';
import { ErrorNote } from '../../ui/ErrorNote';
import { Menu } from '../../ui/Menu';
import { Page } from '../../ui/Page';
import { useShortcuts } from '../../ui/Shortcuts';
import { AboutBar, Closed } from './AboutBar';
import { firstAsked } from './about';
import { actsOn } from './acts';
import { isUnderWay } from './answer';
import { useChatActs } from './ChatActs';
import { AttachButton, ChatDocuments } from './ChatDocuments';
import { ChatList } from './ChatList';
import { Conversation } from './Conversation';
import { OwnPromptDialog } from './OwnPrompt';
import { talks } from './talks';
import { useAbout } from './useAbout';
import { useTalks } from './useTalks';
import './chat.css';

const route = getRouteApi('/house/chat/{-$chat}');

export default function ChatPage() {
  const { app, allTenants } = useHouse();
  if (!allTenants) return <Room />;
  return (
    <Page title="Chat">
      <ChooseTenant>An assistant looks into what belongs to one {app.tenants?.noun} at a time.</ChooseTenant>
    </Page>
  );
}

function Room() {
  const { tenant, can } = useHouse();
  const { chat } = route.useParams();
  const { assistant: wanted, record: wantedRecord } = route.useSearch();
  const client = useQueryClient();
  const navigate = useNavigate();
  const assistants = useQuery(assistantsQuery);
  const view = useQuery({ ...chatQuery(chat ?? ''), enabled: chat !== undefined }).data;
  const name = chat === undefined ? (wanted ?? firstAsked(assistants.data ?? [], wantedRecord !== undefined)?.name) : view?.assistant;
  const assistant = assistants.data?.find((it) => it.name === name);

  // The chat that the first question makes is the one that is looked at from then on.
  const [begun, setBegun] = useState<number | null>(null);
  const [landed, setLanded] = useState<number | null>(null);
  const all = useTalks();
  const live = all.findLast((it) => (chat === undefined ? it.id === begun && it.id !== landed : it.chat === chat)) ?? null;
  const isFromHere = live !== null && live.id === begun;
  // Afterwards the page of new chats is empty again.
  if (isFromHere && chat !== undefined && landed !== begun) setLanded(begun);
  const about = useAbout((chat === undefined ? wantedRecord : view ? view.record : live?.record) ?? null);
  // About a record only those are asked that know such things.
  const choice = (assistants.data ?? []).filter((it) => about === null || it.on === assistant?.on);
  const isClosed = about?.standing === 'deleted' || about?.standing === 'gone';
  const made = chat === undefined ? (live?.chat ?? null) : null;
  useEffect(() => {
    if (made !== null) void navigate({ to: '/chat/{-$chat}', params: { chat: made }, search: {}, replace: true });
  }, [made, navigate]);

  const [web, setWeb] = useState(false);
  const [open, setOpen] = useState<'chats' | 'rules' | null>(null);

  // Which chat a question belongs to is known by its tenant too, where there are several.
  const of = { tenant: tenant && (view?.tenant ?? tenant), assistant: name ?? '', web: web && (assistant?.web ?? false) };
  const isAnswering = live !== null && isUnderWay(live);
  const ask = (question: string) => {
    const id = talks.ask(client, { ...of, chat: chat ?? null, record: about?.id ?? null, question });
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
  const [run, dialog] = useChatActs((gone) => {
    setOpen(null);
    if (gone.id === chat) begin();
  });
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
          {about && <AboutBar about={about} />}
          <Conversation key={isFromHere ? `begun ${begun}` : chat} chat={chat} view={view} assistant={assistant} live={live} onAsk={isClosed || !assistant ? undefined : ask} onAgain={isClosed ? undefined : again} />
          <div className="chat__foot">
            <ErrorNote error={assistants.error} retry={() => void assistants.refetch()} />
            {chat !== undefined && assistant?.documents && can('read_documents') && <ChatDocuments chat={chat} />}
            {about && isClosed ? (
              <Closed about={about} />
            ) : (
              <Composer
                key={isFromHere ? `begun ${begun}` : chat}
                canAsk={assistant !== undefined}
                most={assistant?.question_chars}
                beyond="cut off"
                isAnswering={isAnswering}
                isStopping={live?.isStopping ?? false}
                onAsk={ask}
                onStop={stop}
              >
                {chat === undefined && choice.length > 1 && (
                  <select className="input chat__assistant" aria-label="Assistant" value={name} onChange={(event) => void navigate({ to: '/chat/{-$chat}', params: { chat: undefined }, search: { assistant: event.target.value, record: wantedRecord }, replace: true })}>
                    {choice.map((it) => (
                      <option key={it.name} value={it.name}>
                        {it.title}
                      </option>
                    ))}
                  </select>
                )}
                {assistant?.documents && can('write_documents') && <AttachButton chat={chat ?? null} tenant={of.tenant} />}
                {assistant?.web && (
                  <label className="check">
                    <input type="checkbox" checked={web} onChange={(event) => setWeb(event.target.checked)} />
                    Search the web
                  </label>
                )}
              </Composer>
            )}
          </div>
        </section>
      </div>
      {open === 'chats' && (
        <Dialog open onClose={() => setOpen(null)} title="Your chats" shape="side">
          <ChatList chat={chat} onAct={run} onOpen={() => setOpen(null)} />
        </Dialog>
      )}
      {open === 'rules' && assistant && <OwnPromptDialog assistant={assistant} tenant={of.tenant} onClose={() => setOpen(null)} />}
      {dialog}
    </Page>
  );
}
