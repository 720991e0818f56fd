/** The latest lines of the log, followed as they are written. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { logsQuery } from '../../api/queries';
import type { LogLine, LogRecord } from '../../api/types';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Page } from '../../ui/Page';
import { SearchBox } from '../../ui/SearchBox';
import './logs.css';

const route = getRouteApi('/house/logs');
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

export default function LogsPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const [following, setFollowing] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const query = useQuery({ ...logsQuery({ level: LEVELS.find((it) => it === search.level), search: search.q, limit: 500 }), refetchInterval: following ? 3_000 : false });
  const lines = query.data ? inOrder(query.data.items) : [];
  const newest = lines.at(-1)?.number;
  const set = (next: Partial<typeof search>) => void navigate({ to: '/logs', search: (now) => ({ ...now, ...next }), replace: true });

  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [newest, following]);

  return (
    <Page
      fill
      title="Logs"
      about="The latest lines of this process. Secrets are taken out before they are written."
      actions={
        <Button icon={following ? 'close' : 'play'} onClick={() => setFollowing(!following)}>
          {following ? 'Pause' : 'Follow'}
        </Button>
      }
    >
      <div className="toolbar">
        <SearchBox value={search.q ?? ''} onChange={(q) => set({ q: q || undefined })} label="Search the log" />
        <Choice label="Level" none="Any level" options={LEVELS} words={(it) => it} value={LEVELS.find((it) => it === search.level)} onChange={(it) => set({ level: it })} />
      </div>
      {query.isPending ? (
        <Skeleton lines={8} />
      ) : query.isError && !query.data ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : lines.length === 0 ? (
        <Empty icon="logs" title="No lines">
          Nothing was logged that fits.
        </Empty>
      ) : (
        // A region that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div ref={box} className="logs card" role="log" aria-label="Log" aria-live="off" tabIndex={0} onWheel={(event) => event.deltaY < 0 && setFollowing(false)}>
          {lines.map((it) => (
            <Line key={it.number} line={it.line} />
          ))}
        </div>
      )}
    </Page>
  );
}

function Line({ line }: { line: LogRecord }) {
  const context = Object.entries(line.context);
  return (
    <div className={`log log--${line.level.toLowerCase()}`}>
      <time dateTime={line.timestamp} title={line.timestamp} className="quiet">
        {line.timestamp.slice(11, 23)}
      </time>
      <span className="log__level">{line.level.toLowerCase()}</span>
      <span className="wrap">
        {line.message}{' '}
        <span className="quiet">
          {context.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ')}
          {line.request_id && ` request_id=${line.request_id}`}
        </span>
      </span>
    </div>
  );
}

/** Oldest first, whichever way the server sends them. */
function inOrder(lines: LogLine[]): LogLine[] {
  return [...lines].sort((a, b) => a.number - b.number);
}
