/** What was said in a chat, and the answer that is coming. */
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';

import { counted } from '../../api/description';
import { MESSAGES, messagesQuery, runQuery } from '../../api/queries';
import type { AssistantView, ChatView, MessageView } from '../../api/types';
import { Button } from '../../ui/Button';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { useFollowing } from '../../ui/following';
import { Note } from '../../ui/Note';
import { Suggestions } from '../../ui/Suggestions';
import { drawn, isUnderWay, type Live, nextOf } from './answer';
import { KeptAnswer, LiveAnswer } from './AnswerView';
import { talks } from './talks';
import { useTalks } from './useTalks';
import { faultOfRun } from './words';

const NOTHING: MessageView[] = [];

interface Props {
  chat: string | undefined;
  view: ChatView | undefined;
  assistant: AssistantView | undefined;
  /** The answer that is coming here. */
  live: Live | null;
  /** None where nothing more can be asked, as with the next. */
  onAsk?: (question: string) => void;
  onAgain?: (question: string) => void;
}

export function Conversation({ chat, view, assistant, live: coming, onAsk, onAgain }: Props) {
  const query = useInfiniteQuery({ ...messagesQuery(chat ?? ''), enabled: chat !== undefined });
  const all = useTalks();
  const kept = query.data?.messages ?? NOTHING;
  const shown = drawn(kept, coming);
  const { messages, live, question } = shown;
  useJoining(chat, view, messages, coming);
  const box = useFollowing(coming?.id ?? chat, live ?? messages.at(-1)?.id);
  const older = (query.data?.total ?? 0) - kept.length;
  const keep = useKeptPlace(box, kept.length);
  const last = messages.at(-1);
  const canAskAgain = !coming || !isUnderWay(coming);
  const lastQuestion = question ?? messages.findLast((it) => it.role === 'user')?.content;
  const again = canAskAgain && onAgain && lastQuestion !== undefined ? () => onAgain(lastQuestion) : undefined;

  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={box} className="talk" tabIndex={0} role="region" aria-label="What was said">
      <ErrorNote error={query.error} retry={() => void query.refetch()} />
      {chat !== undefined && query.isPending && !live && <Skeleton lines={6} />}
      {(chat === undefined || query.data?.total === 0) && !live && <Welcome assistant={assistant} />}
      {query.hasNextPage && (
        <Button
          small
          className="talk__older"
          icon="up"
          busy={query.isFetchingNextPage}
          onClick={() => {
            keep();
            void query.fetchNextPage();
          }}
        >
          Show {counted(Math.min(older, MESSAGES), 'older message', 'older messages')}
        </Button>
      )}
      {messages.map((it) => (
        <Said key={it.id} message={it} collection={assistant?.on ?? null} live={all.find((one) => one.answerId === it.id)} again={it === last && !live ? again : undefined} />
      ))}
      {question !== null && <Question>{question}</Question>}
      {live && <LiveAnswer live={live} again={again} />}
      {last?.role === 'user' && !live && !query.isFetching && <Unanswered run={last.run} again={again} />}
      {onAsk && canAskAgain && (
        <Suggestions
          label="What could be asked next"
          of={nextOf(shown)}
          onChoose={(it) => {
            onAsk(it);
            // The chip that was pressed is about to go.
            box.current?.focus();
          }}
        />
      )}
    </div>
  );
}

function Said({ message, collection, live, again }: { message: MessageView; collection: string | null; live?: Live; again?: () => void }) {
  if (message.role === 'user') return <Question isCut={message.metadata.input_truncated === true}>{message.content}</Question>;
  if (message.role === 'system') return <Note>{message.content}</Note>;
  return <KeptAnswer message={message} collection={collection} live={live} again={again} />;
}

function Question({ children, isCut = false }: { children: string; isCut?: boolean }) {
  return (
    <div className="asked">
      <div className="asked__words wrap">{children}</div>
      {isCut && <span className="quiet">It was too long, and was cut here.</span>}
    </div>
  );
}

function Welcome({ assistant }: { assistant: AssistantView | undefined }) {
  if (!assistant) return null;
  return (
    <div className="stack">
      <Empty icon="prompt" title={`Ask ${assistant.title}`}>
        {assistant.about}
      </Empty>
      {assistant.quotes && <Note tone="info">No model is set up, so the answers quote the best passages. Someone who manages models can set one up.</Note>}
    </div>
  );
}

/** A question whose answer never came, looked at later. */
function Unanswered({ run, again }: { run: string | null; again?: () => void }) {
  const query = useQuery({ ...runQuery(run ?? ''), enabled: run !== null, retry: false });
  if (query.isLoading || query.data?.state === 'running') return null;
  return <ErrorNote error={faultOfRun(query.data?.error ?? 'run_not_found')} retry={again} />;
}

/** An answer may still be coming that was begun before this page was opened: the chat names it. */
function useJoining(chat: string | undefined, view: ChatView | undefined, messages: MessageView[], coming: Live | null): void {
  const client = useQueryClient();
  const last = messages.at(-1);
  const run = coming ? null : (view?.run ?? (last?.role === 'user' ? last.run : null));
  const found = useQuery({
    ...runQuery(run ?? ''),
    enabled: run !== null && view !== undefined,
    retry: false,
    // What is asked is known a moment after it was begun.
    refetchInterval: ({ state }) => (state.data?.state === 'running' && state.data.question_message_id === null ? 500 : false),
  }).data;
  const isRunning = found?.state === 'running';
  const question = found?.question_message_id ?? null;
  const asked = messages.find((it) => it.id === question);
  useEffect(() => {
    if (!chat || !view || run === null || !isRunning || question === null) return;
    if (talks.all.some((it) => it.run === run)) return;
    if (!asked) {
      void client.invalidateQueries({ queryKey: ['messages', chat] });
      return;
    }
    // A question with an answer behind it is asked once more.
    talks.join(client, { run, chat, assistant: view.assistant, question: asked.content, questionId: asked.id, web: false, isAgain: asked !== last });
  }, [client, chat, view, last, asked, run, isRunning, question]);
}

/** When something comes in above, what was read stays where it was. */
function useKeptPlace(box: RefObject<HTMLDivElement | null>, count: number): () => void {
  const fromEnd = useRef<number | null>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (fromEnd.current !== null) element?.scrollTo({ top: element.scrollHeight - fromEnd.current });
    fromEnd.current = null;
  }, [box, count]);
  return () => {
    const element = box.current;
    fromEnd.current = element ? element.scrollHeight - element.scrollTop : null;
  };
}
