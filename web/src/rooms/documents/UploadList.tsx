import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useSyncExternalStore } from 'react';

import { asFault } from '../../api/problem';
import { documentQuery } from '../../api/queries';
import { StateBadge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { bytes } from '../../ui/format';
import { Progress } from '../../ui/Progress';
import { announce } from '../../ui/Toast';
import { DocumentState, GoOnButton, useDocument } from './DocumentState';
import { stateWords } from './state';
import { type Upload, uploads } from './uploads';

/** What is on its way from this tab, and what became of it. */
export function UploadList() {
  const list = useSyncExternalStore(uploads.subscribe, uploads.list);
  const client = useQueryClient();
  const arrived = list.filter((it) => it.phase === 'there').length;
  const refused = list.filter((it) => it.phase === 'refused').length;
  useEffect(() => {
    for (const { document } of uploads.list()) if (document && !client.getQueryData(documentQuery(document.id).queryKey)) client.setQueryData(documentQuery(document.id).queryKey, document);
    if (arrived > 0) void client.invalidateQueries({ queryKey: ['documents'] });
  }, [client, arrived]);
  useEffect(() => {
    if (arrived + refused > 0) announce(`${arrived} of ${arrived + refused} files are there.`);
  }, [arrived, refused]);

  if (list.length === 0) return null;
  return (
    <section className="card uploads" aria-label="Uploads">
      <ul>
        {list.map((it) => (
          <li key={it.id} className="uploads__row">
            {it.document ? <Arrived upload={it} id={it.document.id} /> : <UnderWay upload={it} />}
          </li>
        ))}
      </ul>
      {arrived > 1 && (
        <div className="uploads__foot">
          <Button small kind="plain" onClick={() => uploads.tidy()}>
            Clear what is there
          </Button>
        </div>
      )}
    </section>
  );
}

function UnderWay({ upload }: { upload: Upload }) {
  const isRefused = upload.phase === 'refused';
  const fault = isRefused ? asFault(upload.fault) : null;
  return (
    <>
      <span className="uploads__name cut" title={upload.name}>
        {upload.name} <span className="quiet">{bytes(upload.size)}</span>
      </span>
      <span className="uploads__how">
        {fault ? (
          <span role="alert">
            <StateBadge state="refused" /> <span className="wrap">{fault.problem.detail ?? fault.problem.title}</span> {fault.problem.hint && <span className="soft wrap">{fault.problem.hint}</span>}
          </span>
        ) : upload.phase === 'waiting' ? (
          <span className="quiet">Waits for the others</span>
        ) : (
          <>
            <span className="standing">
              <Progress value={upload.sent} label={`Sending ${upload.name}`} />
              <span className="number">{Math.floor(upload.sent)}%</span>
            </span>
            {upload.sent >= 100 && <span className="quiet">Sent; the server takes it in</span>}
          </>
        )}
      </span>
      <span className="uploads__acts">
        {fault && (
          <Button small icon="refresh" onClick={() => uploads.again(upload.id)} aria-label={`Send ${upload.name} again`}>
            Again
          </Button>
        )}
        <IconButton small icon="close" label={isRefused ? `Dismiss ${upload.name}` : `Stop ${upload.name}`} onClick={() => uploads.dismiss(upload.id)} />
      </span>
    </>
  );
}

/** It is a document now, with a life of its own. */
function Arrived({ upload, id }: { upload: Upload; id: string }) {
  const document = useDocument(id).data ?? upload.document;
  if (!document) return null;
  const same = upload.document?.same_as;
  return (
    <>
      <span className="uploads__name cut">
        <Link to="/documents/$document" params={{ document: id }}>
          {document.title}
        </Link>{' '}
        <span className="quiet">{bytes(upload.size)}</span>
      </span>
      <span className="uploads__how">
        <DocumentState document={document} />
        <span className="soft wrap">{stateWords(document)}</span>
        {same && (
          <span className="quiet">
            The same file{' '}
            <Link to="/documents/$document" params={{ document: same }}>
              was there before
            </Link>
            .
          </span>
        )}
      </span>
      <span className="uploads__acts">
        <GoOnButton document={document} small />
        <IconButton small icon="close" label={`Dismiss ${document.title}`} onClick={() => uploads.dismiss(upload.id)} />
      </span>
    </>
  );
}
