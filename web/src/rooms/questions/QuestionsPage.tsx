/** Questions over the application's data, in words: one's conversations, the one that is looked at, the next question. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { questionsQuery, turnsQuery } from '../../api/asked';
import { answer, api } from '../../api/client';
import type { QuestionsView } from '../../api/types';
import { ChooseTenant } from '../../app/ChooseTenant';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Composer } from '../../ui/Composer';
import { Dialog } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { useFollowing } from '../../ui/following';
import { languageName } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { useShortcuts } from '../../ui/Shortcuts';
import { announce } from '../../ui/Toast';
import { spoken } from '../chat/words';
import { ConversationList } from './ConversationList';
import { Initial } from './Initial';
import { TurnCard } from './TurnCard';
import { answered, joined, type Turn } from './turns';
import '../chat/chat.css';
import './questions.css';

const route = getRouteApi('/house/questions/{-$conversation}');

export default function QuestionsPage() {
  const { app, allTenants } = useHouse();
  if (Object.keys(app.questions).length === 0) return <NotFound />;
  if (!allTenants) return <Room />;
  return (
    <Page title="Questions">
      <ChooseTenant>A question looks into what belongs to one {app.tenants?.noun} at a time.</ChooseTenant>
    </Page>
  );
}

function Room() {
  const query = useQuery(questionsQuery);
  const { about } = route.useSearch();
  if (query.isPending || query.isError) return <Page title="Questions">{query.isPending ? <Skeleton lines={6} /> : <ErrorNote error={query.error} retry={() => void query.refetch()} />}</Page>;
  const kind = query.data.find((it) => it.name === about) ?? query.data[0];
  return kind ? <Asking all={query.data} kind={kind} /> : <NotFound />;
}

function Asking({ all, kind }: { all: QuestionsView[]; kind: QuestionsView }) {
  const { tenant, can } = useHouse();
  const { conversation } = route.useParams();
  const { language: chosen } = route.useSearch();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [said, setSaid] = useState<{ of: string | null; turns: Turn[] }>({ of: conversation ?? null, turns: [] });
  const [open, setOpen] = useState(false);
  const query = useQuery({ ...turnsQuery(conversation ?? ''), enabled: conversation !== undefined });
  const own = navigator.language.slice(0, 2);
  const language = kind.languages.find((it) => it === chosen) ?? kind.languages.find((it) => it === own) ?? kind.languages[0] ?? 'en';
  // Another conversation was opened: what was just said belongs to the one before.
  const here = conversation ?? null;
  const isHere = said.of === here;
  const turns = joined(conversation === undefined ? [] : (query.data ?? []), isHere ? said.turns : []);

  const ask = useMutation({
    mutationFn: (question: string) => answer(api.POST('/api/questions/ask', { body: { tenant, questions: kind.name, question, conversation, language } })),
    onSuccess: (it, question) => {
      const of = it.conversation ?? here;
      const turn = answered(question, it);
      setSaid((now) => ({ of, turns: [...(now.of === here ? now.turns : []), turn] }));
      announce(turn.answer === null ? `No answer: ${turn.error ?? 'the data does not tell.'}` : spoken(turn.answer, 0));
      void client.invalidateQueries({ queryKey: ['conversations'] });
      if (of !== null && of !== here) void navigate({ to: '/questions/{-$conversation}', params: { conversation: of }, search: (now) => ({ tenant: now.tenant, about: now.about, language: now.language }), replace: true });
      else if (of !== null) void client.invalidateQueries({ queryKey: turnsQuery(of).queryKey });
    },
  });
  const { reset } = ask;
  useEffect(() => reset, [conversation, reset]);
  const asked = ask.isPending ? ask.variables : undefined;
  const box = useFollowing(conversation, `${turns.length} ${asked ?? ''} ${ask.isError}`);
  const begin = () => {
    setSaid({ of: null, turns: [] });
    setOpen(false);
    void navigate({ to: '/questions/{-$conversation}', params: { conversation: undefined }, search: (now) => ({ tenant: now.tenant, about: now.about, language: now.language }) });
  };
  useShortcuts([{ keys: 'n', about: 'New conversation', run: begin }]);

  return (
    <Page
      fill
      title={kind.title}
      about={kind.about}
      actions={
        <>
          <Button className="chat__open" icon="menu" onClick={() => setOpen(true)}>
            Conversations
          </Button>
          {all.length > 1 && (
            <select className="input" style={{ width: 'auto' }} aria-label="About what" value={kind.name} onChange={(event) => void navigate({ to: '/questions/{-$conversation}', params: { conversation: undefined }, search: (now) => ({ tenant: now.tenant, about: event.target.value }) })}>
              {all.map((it) => (
                <option key={it.name} value={it.name}>
                  {it.title}
                </option>
              ))}
            </select>
          )}
          {kind.languages.length > 1 && (
            <select className="input" style={{ width: 'auto' }} aria-label="Language" value={language} onChange={(event) => void navigate({ to: '.', search: (now: object) => ({ ...now, language: event.target.value }), replace: true })}>
              {kind.languages.map((it) => (
                <option key={it} value={it}>
                  {languageName(it)}
                </option>
              ))}
            </select>
          )}
          {can('read_usage') && (
            <Link to="/question-performance" className="button">
              <Icon name="trend" /> How they fared
            </Link>
          )}
          <Button icon="plus" onClick={begin}>
            New conversation
          </Button>
        </>
      }
    >
      <div className="chat">
        <aside className="card chat__list">
          <ConversationList current={conversation} />
        </aside>
        <section className="card chat__talk" aria-label="Conversation">
          {/* A region that scrolls must be reachable by keyboard. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div ref={box} className="talk" tabIndex={0} role="region" aria-label="What was asked">
            {conversation !== undefined && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
            {conversation !== undefined && query.isPending && turns.length === 0 && <Skeleton lines={6} />}
            {conversation === undefined && turns.length === 0 && asked === undefined && <Initial questions={kind} language={language} onAsk={(it) => ask.mutate(it)} />}
            {turns.map((it, index) => (
              <TurnCard key={it.id ?? index} turn={it} questions={kind.name} hasComments={kind.comments} onAsk={index === turns.length - 1 && !ask.isPending ? (question) => ask.mutate(question) : undefined} onNew={begin} />
            ))}
            {asked !== undefined && (
              <div className="turn">
                <div className="asked">
                  <div className="asked__words wrap">{asked}</div>
                </div>
                <p className="row quiet" role="status">
                  <span className="spinner" aria-hidden="true" /> Looking into the data…
                </p>
              </div>
            )}
            {ask.isError && (
              <div className="turn">
                <div className="asked">
                  <div className="asked__words wrap">{ask.variables}</div>
                </div>
                <ErrorNote error={ask.error} retry={() => ask.mutate(ask.variables)} />
              </div>
            )}
          </div>
          <div className="chat__foot">
            <Composer placeholder="Ask in your own words. Enter asks, Shift+Enter begins a line" most={kind.question_chars} isAnswering={ask.isPending} onAsk={(it) => ask.mutate(it)} />
          </div>
        </section>
      </div>
      {open && (
        <Dialog open onClose={() => setOpen(false)} title="Your conversations" shape="side">
          <ConversationList current={conversation} onOpen={() => setOpen(false)} />
        </Dialog>
      )}
    </Page>
  );
}
