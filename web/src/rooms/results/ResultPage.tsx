/** What came of a text: how far it is, then all of it at a glance, and the text beside what is said of it. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { isMade, resultQuery } from '../../api/asked';
import { download } from '../../api/client';
import { Fault } from '../../api/problem';
import type { ResultStanding, ResultView } from '../../api/types';
import { Pending } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { StateBadge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { ErrorNote } from '../../ui/ErrorNote';
import { dollars, languageName, number } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { Menu } from '../../ui/Menu';
import { Card, Page } from '../../ui/Page';
import { Progress } from '../../ui/Progress';
import { Tabs } from '../../ui/Tabs';
import { Time } from '../../ui/Time';
import { toastFault } from '../../ui/Toast';
import { PersonName } from '../access/PersonName';
import { AskAbout, ChatsAbout } from '../chat/AskAbout';
import { useAskable } from '../chat/useAbout';
import { Detailed } from './Detailed';
import { FeedbackCard } from './FeedbackCard';
import { Overall } from './Overall';
import { RawDialog } from './RawDialog';
import { readingOf } from './reading';
import { useStanding } from './useStanding';
import './results.css';

const route = getRouteApi('/house/results/$result');

export default function ResultPage() {
  const { result: id } = route.useParams();
  const standing = useStanding(id);
  const isThere = standing.data?.status === 'completed';
  const query = useQuery({ ...resultQuery(id), enabled: isThere });
  if (standing.isPending || (isThere && query.isPending)) return <Pending />;
  if (!standing.data) return <Page title="Result">{<ErrorNote error={standing.error} retry={() => void standing.refetch()} />}</Page>;
  if (!isMade(standing.data)) return <Making standing={standing.data} />;
  if (!isThere) return <Failed standing={standing.data} />;
  if (!query.data) return <Page title="Result">{<ErrorNote error={query.error} retry={() => void query.refetch()} />}</Page>;
  return <Made key={id} result={query.data} />;
}

function Making({ standing }: { standing: ResultStanding }) {
  return (
    <Page title="The result is being made" tab={`${standing.progress}%`} about="You may leave this page: it goes on, and stands among your results when it is there.">
      <Card>
        <div className="stack" role="status">
          <div className="row">
            <StateBadge state={standing.status} />
            <span className="soft">{standing.message ?? 'It waits for its turn.'}</span>
          </div>
          <div className="row" style={{ flexWrap: 'nowrap' }}>
            <Progress value={standing.progress} label="How far it is" />
            <span className="number">{standing.progress}%</span>
          </div>
          {standing.estimated_completion && (
            <p className="quiet">
              It should be there <Time at={standing.estimated_completion} />.
            </p>
          )}
        </div>
      </Card>
    </Page>
  );
}

function Failed({ standing }: { standing: ResultStanding }) {
  const fault = new Fault({ title: 'No result could be made', detail: standing.error?.message, code: standing.error?.code ?? 'internal', status: 500, hint: 'Hand the text in again: it is kept as another version.' });
  return (
    <Page title="Result">
      <ErrorNote error={fault} />
      <div className="row">
        <Link to="/write" search={(now) => ({ tenant: now.tenant, previous: standing.id })} className="button button--main">
          Hand it in again
        </Link>
      </div>
    </Page>
  );
}

function Made({ result }: { result: ResultView }) {
  const { app, can, hasChat } = useHouse();
  const { tab: chosen } = route.useSearch();
  const navigate = useNavigate();
  const [raw, setRaw] = useState(false);
  const task = app.tasks[result.task];
  const into = task?.result ?? '';
  const asked = useAskable(into);
  const reading = readingOf(result, app.collections[into]?.schema, task?.computed ?? []);
  const reports = Object.entries(app.reports).filter(([, it]) => it.of === into);
  const hasDetails = reading.passages.length > 0 && result.text !== null;
  const tab = chosen === 'details' && hasDetails ? 'details' : 'overall';
  return (
    <Page
      title={task?.title ?? 'Result'}
      about={
        <>
          {result.version !== null && `Version ${result.version}, `}
          <Time at={result.completed_at ?? result.created_at} /> by <PersonName id={result.created_by} />
        </>
      }
      actions={
        <>
          {reports.map(([name, it]) => (
            <Button key={name} icon="download" onClick={() => void download(`/api/reports/${encodeURIComponent(name)}/${result.id}`, `${name}.pdf`).catch(toastFault)}>
              {reports.length > 1 ? it.title : 'PDF'}
            </Button>
          ))}
          <AskAbout
            record={result.id}
            collection={into}
            otherwise={
              hasChat && (
                <Link to="/chat/{-$chat}" params={{ chat: undefined }} className="button">
                  <Icon name="chat" /> Talk about it
                </Link>
              )
            }
          />
          <Link to="/write" search={(now) => ({ tenant: now.tenant, task: result.task, previous: result.id })} className="button button--main">
            <Icon name="edit" /> Write another version
          </Link>
          {can('read_private') && result.debug_enabled && <Menu label="Acts on this result" trigger={<IconButton icon="more" kind="solid" label="More" />} items={[{ label: 'What the model was asked and said', icon: 'prompt', run: () => setRaw(true) }]} />}
        </>
      }
    >
      <Tabs
        label="Of this result"
        items={[{ id: 'overall', label: 'Overall' }, ...(hasDetails ? [{ id: 'details' as const, label: 'In detail', count: reading.passages.length }] : [])]}
        value={tab}
        onChange={(next) => void navigate({ to: '/results/$result', params: { result: result.id }, search: (now) => ({ tenant: now.tenant, tab: next === 'details' ? next : undefined }), replace: true })}
      >
        {tab === 'overall' ? <Overall reading={reading} language={result.language_detection?.detected_language} /> : <Detailed text={result.text ?? ''} passages={reading.passages} language={result.language_detection?.detected_language} />}
      </Tabs>
      <FeedbackCard subject={result.id} />
      {asked && asked.length > 0 && (
        <Card title="What you asked about this">
          <ChatsAbout record={result.id} />
        </Card>
      )}
      <Facts result={result} />
      {raw && <RawDialog id={result.id} onClose={() => setRaw(false)} />}
    </Page>
  );
}

function Facts({ result }: { result: ResultView }) {
  const found = result.language_detection;
  const words = [
    found && `${languageName(found.detected_language)}, ${Math.round(found.confidence * 100)} % sure`,
    result.model,
    result.processing_time_s !== undefined && `${result.processing_time_s.toFixed(1)} s`,
    result.tokens_in !== undefined && `${number(result.tokens_in + (result.tokens_out ?? 0))} tokens`,
    result.cost_usd !== undefined && result.cost_usd !== null && dollars(result.cost_usd),
  ].filter(Boolean);
  return <p className="quiet">{words.join(' · ')}</p>;
}
