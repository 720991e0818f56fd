/** One document: what is known of it, how it stands, what it says. */
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';

import { download } from '../../api/client';
import { readable, textOf } from '../../api/description';
import type { DocumentView } from '../../api/types';
import { Pending } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { CopyButton } from '../../ui/CodeText';
import { ErrorNote } from '../../ui/ErrorNote';
import { bytes, number } from '../../ui/format';
import { Menu } from '../../ui/Menu';
import { Note } from '../../ui/Note';
import { Card, Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { toastFault } from '../../ui/Toast';
import { PersonName } from '../access/PersonName';
import { DeleteDocument } from './DeleteDocument';
import { DocumentProgress, DocumentState, GoOnButton, useDocument } from './DocumentState';
import { DocumentText } from './DocumentText';
import { EditDocument } from './EditDocument';
import { originWords } from './origin';
import { canGoOn, isOpen, mayChange, stateWords } from './state';
import { SummaryCard } from './SummaryCard';
import { rangesOf, verdictOf } from './verdict';
import './documents.css';

const route = getRouteApi('/house/documents/$document');

export default function DocumentPage() {
  const { document: id } = route.useParams();
  const query = useDocument(id);
  if (query.isPending) return <Pending />;
  if (query.isError && !query.data) {
    return (
      <Page title="Document">
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  }
  return <Shown key={id} document={query.data} />;
}

function Shown({ document }: { document: DocumentView }) {
  const { me } = useHouse();
  const search = route.useSearch();
  const [act, setAct] = useState<'edit' | 'delete' | null>(null);
  const isMine = mayChange(me, document);
  return (
    <Page
      title={document.title}
      about={<Facts document={document} />}
      actions={
        <>
          <DownloadButton document={document} />
          {isMine && (
            <Menu
              label="More"
              trigger={<IconButton icon="more" label="More" kind="solid" />}
              items={[
                { label: 'Edit', icon: 'edit', run: () => setAct('edit') },
                { label: 'Delete', icon: 'trash', bad: true, apart: true, run: () => setAct('delete') },
              ]}
            />
          )}
        </>
      }
    >
      <Standing document={document} />
      <div className="document">
        <div className="document__short">
          <SummaryCard document={document} mayChange={isMine} onEdit={() => setAct('edit')} />
        </div>
        <div className="document__text">
          {document.chars > 0 ? (
            <DocumentText document={document} search={search} />
          ) : (
            <Card title="Text">
              <p className="quiet">{isOpen(document) ? 'It stands here as soon as it was read.' : 'There is no text.'}</p>
            </Card>
          )}
        </div>
        <div className="document__rest stack">
          <AboutCard document={document} />
          <VerdictCard document={document} />
        </div>
      </div>
      {act === 'edit' && <EditDocument document={document} onClose={() => setAct(null)} />}
      {act === 'delete' && <DeleteDocument document={document} onClose={() => setAct(null)} />}
    </Page>
  );
}

function Facts({ document }: { document: DocumentView }) {
  return (
    <span className="row">
      <DocumentState document={document} />
      <span>{originWords(document)}</span>
      {document.pages > 0 && <span>{document.pages === 1 ? '1 page' : `${number(document.pages)} pages`}</span>}
      <span>{bytes(document.size_bytes)}</span>
      {document.shared && <Badge tone="accent">Shared</Badge>}
      {document.chat && <Badge>In a chat</Badge>}
      {document.tags.map((it) => (
        <Link key={it} to="/documents" search={{ tag: it }} className="badge">
          {it}
        </Link>
      ))}
    </span>
  );
}

/** What is under way, what went wrong, what could go on. */
function Standing({ document }: { document: DocumentView }) {
  const { app } = useHouse();
  const goOn = <GoOnButton document={document} />;
  if (document.state === 'failed') {
    return (
      <Note tone="bad" role="alert">
        <div className="row row--between">
          <div className="grow wrap">
            <strong>It could not be taken in.</strong> <span>{stateWords(document)}</span>
            {document.reason && (
              <p className="note__small">
                Code <code>{document.reason.code}</code>
              </p>
            )}
          </div>
          {goOn}
        </div>
      </Note>
    );
  }
  if (isOpen(document)) {
    return (
      <Note tone="info" role="status">
        <div className="row row--between">
          <span>{stateWords(document)}</span>
          <DocumentProgress document={document} />
        </div>
      </Note>
    );
  }
  if (canGoOn(document, app.model.embed !== null)) {
    return (
      <Note>
        <div className="row row--between">
          <span>
            {document.vectors === 0 ? 'It is found by its words, not by meaning: it has no vectors.' : `Of its ${number(document.chunks)} pieces ${number(document.vectors)} are found by meaning too, the others by their words.`}
          </span>
          {goOn}
        </div>
      </Note>
    );
  }
  return null;
}

function AboutCard({ document }: { document: DocumentView }) {
  return (
    <Card title="About this document">
      <dl className="facts">
        {document.url && (
          <>
            <dt>Address</dt>
            <dd>
              <a href={/^https?:/.test(document.url) ? document.url : undefined} target="_blank" rel="noreferrer" className="wrap">
                {document.url}
              </a>
            </dd>
          </>
        )}
        {document.file_name && (
          <>
            <dt>File</dt>
            <dd>{document.file_name}</dd>
          </>
        )}
        <dt>Owner</dt>
        <dd>
          <PersonName id={document.owner} />
        </dd>
        <dt>Read by</dt>
        <dd>{document.chat ? 'Its owner, in one chat' : document.shared ? 'Everybody here' : 'Its owner'}</dd>
        <dt>Added</dt>
        <dd>
          <Time at={document.created_at} exact />
        </dd>
        <dt>Changed</dt>
        <dd>
          <Time at={document.updated_at} />
        </dd>
        {Object.entries(document.metadata).map(([name, value]) => (
          <div key={name} className="facts__pair">
            <dt>{readable(name)}</dt>
            <dd>{textOf(value)}</dd>
          </div>
        ))}
        <dt>Id</dt>
        <dd className="row" style={{ flexWrap: 'nowrap' }}>
          <code className="wrap">{document.id}</code>
          <CopyButton text={document.id} label="Copy the id" />
        </dd>
      </dl>
    </Card>
  );
}

/** What its file holds, and what was made of it. */
function VerdictCard({ document }: { document: DocumentView }) {
  const verdict = verdictOf(document);
  if (!verdict) return null;
  return (
    <Card title="What was found in it">
      <div className="stack">
        <p>{stateWords({ ...document, state: 'ready' })}</p>
        {verdict.warnings.map((it) => (
          <Note key={it.code + it.message} tone="warn">
            {it.message}
          </Note>
        ))}
        {document.chars > 0 && (
          <dl className="facts">
            {verdict.pagesWithoutText.length > 0 && (
              <>
                <dt>Pages without text</dt>
                <dd>{rangesOf(verdict.pagesWithoutText)}</dd>
              </>
            )}
            <dt>Characters</dt>
            <dd>{number(document.chars)}</dd>
            <dt>Pieces</dt>
            <dd>
              {number(document.chunks)}
              {document.chunks_deduped > 0 && <span className="quiet">, {number(document.chunks_deduped)} more were there twice</span>}
            </dd>
            {document.model && (
              <>
                <dt>Vectors</dt>
                <dd>
                  {number(document.vectors)} by <code>{document.model}</code>
                  {document.vectors_reused > 0 && <span className="quiet">, {number(document.vectors_reused)} of them known before</span>}
                </dd>
              </>
            )}
          </dl>
        )}
      </div>
    </Card>
  );
}

function DownloadButton({ document }: { document: DocumentView }) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await download(`/api/documents/${encodeURIComponent(document.id)}/file`, document.file_name ?? `${document.title}.${document.kind}`);
    } catch (thrown) {
      toastFault(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button icon="download" busy={busy} onClick={() => void run()}>
      Download
    </Button>
  );
}
