/** What a document was changed to: by whom, when and why, what it changed, and going back. */
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { counted } from '../../api/description';
import { configurationHistoryQuery } from '../../api/rounds';
import type { ConfigurationDocument, ConfigurationVersion } from '../../api/types';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Confirm } from '../../ui/Dialog';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toast';
import { PersonName } from '../access/PersonName';
import { around, heldBack, lineDiff, told } from './lines';
import './configuration.css';

/** The number that stands for the file itself. */
const FILE = 0;
const AROUND = 3;

export function History({ document }: { document: ConfigurationDocument }) {
  const query = useInfiniteQuery(configurationHistoryQuery(document.name));
  const [to, setTo] = useState<number | null>(null);
  if (query.isPending) return <Skeleton lines={6} />;
  if (query.isError && !query.data) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const versions = query.data.pages.flatMap((it) => it.items);
  return (
    <div className="stack">
      {versions.length === 0 ? (
        <div className="card">
          <Empty icon="clock" title="Not changed yet">
            What stands in {document.file} is in force.
          </Empty>
        </div>
      ) : (
        <ul className="checked">
          {versions.map((it) => (
            <Entry key={it.version} version={it} newest={document.newest ?? ''} onBack={() => setTo(it.version)} />
          ))}
        </ul>
      )}
      <div className="row">
        {query.hasNextPage && (
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show older ones
          </Button>
        )}
        {(document.newest_version !== FILE || document.set_aside !== null) && (
          <Button icon="undo" onClick={() => setTo(FILE)}>
            Back to the file
          </Button>
        )}
      </div>
      <Back document={document} to={to} onClose={() => setTo(null)} />
    </div>
  );
}

function Entry({ version: it, newest, onBack }: { version: ConfigurationVersion; newest: string; onBack: () => void }) {
  const [shown, setShown] = useState<'change' | 'since' | null>(null);
  const toggle = (what: 'change' | 'since') => setShown((now) => (now === what ? null : what));
  const faults = [...it.faults.filter((fault) => fault.level === 'error'), ...heldBack(it.faults)];
  return (
    <li className="checked__one" aria-label={`Version ${it.version}`}>
      <div className="grow wrap stack">
        <div className="row">
          <strong>Version {it.version}</strong>
          {it.in_force && <Badge tone="good">In force</Badge>}
          {!it.is_valid && <Badge tone="bad">Refused</Badge>}
          {it.origin === 'revert' && <Badge>Gone back</Badge>}
          {it.origin === 'import' && <Badge>Imported</Badge>}
          <span className="quiet">
            <Time at={it.created_at} /> by <PersonName id={it.created_by} />
          </span>
        </div>
        <div>{it.reason}</div>
        {faults.length > 0 && (
          <ul className="soft">
            {faults.map((fault, index) => (
              <li key={index}>
                {fault.message} ({fault.file}, line {fault.line})
              </li>
            ))}
          </ul>
        )}
        <div className="row">
          <Button small aria-expanded={shown === 'change'} onClick={() => toggle('change')}>
            What it changed
          </Button>
          {!it.in_force && (
            <Button small aria-expanded={shown === 'since'} onClick={() => toggle('since')}>
              Compare with the newest
            </Button>
          )}
          {!it.in_force && it.is_valid && (
            <Button small icon="undo" aria-label={`Go back to version ${it.version}`} onClick={onBack}>
              Go back
            </Button>
          )}
        </div>
        {shown === 'change' && <TextDiff before={it.old ?? ''} after={it.new ?? ''} label={`What version ${it.version} changed`} />}
        {shown === 'since' && <TextDiff before={it.new ?? ''} after={newest} label={`From version ${it.version} to the newest`} />}
      </div>
    </li>
  );
}

function TextDiff({ before, after, label }: { before: string; after: string; label: string }) {
  const lines = lineDiff(before, after);
  const changed = lines.filter((it) => it.kind !== 'same').length;
  if (changed === 0) return <p className="quiet">Nothing differs in what may be shown.</p>;
  return (
    <>
      <p className="quiet">{counted(changed, 'line differs', 'lines differ')}.</p>
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="code confdiff" tabIndex={0} role="region" aria-label={label}>
        {around(lines, AROUND).map((it, index) =>
          it === null ? (
            <span key={index} className="confdiff__gap">
              {'⋯\n'}
            </span>
          ) : it.kind === 'gone' ? (
            <del key={index}>{`- ${it.text}\n`}</del>
          ) : it.kind === 'new' ? (
            <ins key={index}>{`+ ${it.text}\n`}</ins>
          ) : (
            <span key={index}>{`  ${it.text}\n`}</span>
          ),
        )}
      </pre>
    </>
  );
}

function Back({ document, to, onClose }: { document: ConfigurationDocument; to: number | null; onClose: () => void }) {
  const client = useQueryClient();
  const run = async (reason: string) => {
    const made = await answer(api.POST('/api/configuration/{config}/revert', { params: { path: { config: document.name } }, body: { version: to ?? FILE, reason, from: document.newest_version } }));
    for (const key of ['configuration', 'frontend']) void client.invalidateQueries({ queryKey: [key] });
    if (!made.is_valid) return toast(`It does not fit the other documents any more: ${made.faults[0]?.message ?? 'the history says why'}.`, 'bad');
    const { text, tone } = told(made, 'It');
    toast(text, tone);
  };
  return (
    <Confirm open={to !== null} onClose={onClose} title={to === FILE ? 'Back to the file' : `Back to version ${to}`} act="Go back" reason={{ label: 'Why', required: true }} run={run}>
      {to === FILE ? `What stands in ${document.file} is in force again.` : 'Its text becomes the newest version. It is checked with all other documents first.'}
    </Confirm>
  );
}
