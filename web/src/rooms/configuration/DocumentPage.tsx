/** A document of the configuration: what stands in it, what is in force, and what another text would do. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { answer, api } from '../../api/client';
import { configurationDocumentQuery } from '../../api/rounds';
import type { ConfigurationDocument, ConfigurationFault } from '../../api/types';
import { Pending } from '../../app/fallback';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { CodeText, CopyButton, JsonText } from '../../ui/CodeText';
import { Empty } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { Note } from '../../ui/Note';
import { Page } from '../../ui/Page';
import { Tabs } from '../../ui/Tabs';
import { CATEGORIES, placeIn } from './lines';
import { Report } from './Report';
import './configuration.css';

const route = getRouteApi('/house/configuration/$document');
const TABS = ['contents', 'force', 'check', 'schema'] as const;

export default function DocumentPage() {
  const { document: name } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate();
  const query = useQuery(configurationDocumentQuery(name));
  if (query.isPending) return <Pending />;
  if (query.isError && !query.data) {
    return (
      <Page title="Configuration">
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  }
  const document = query.data;
  const tab = TABS.find((it) => it === search.tab) ?? 'contents';
  return (
    <Page title={document.title} about={document.about}>
      <div className="row">
        {document.category && <Badge tone="accent">{CATEGORIES[document.category]}</Badge>}
        <code>{document.file}</code>
        {document.checksum && (
          <span className="quiet row" style={{ gap: 2 }}>
            {document.checksum.slice(0, 12)} <CopyButton text={document.checksum} label="Copy the checksum" />
          </span>
        )}
      </div>
      {document.hidden.length > 0 && <Note tone="info">{document.hidden.length === 1 ? 'One value is' : `${document.hidden.length} values are`} never shown: {document.hidden.join(', ')}.</Note>}
      <Tabs
        label="Of this document"
        items={[
          { id: 'contents', label: 'Contents' },
          { id: 'force', label: 'In force' },
          { id: 'check', label: 'Check a change' },
          ...(document.has_schema ? [{ id: 'schema' as const, label: 'Schema' }] : []),
        ]}
        value={tab}
        onChange={(next) => void navigate({ to: '/configuration/$document', params: { document: name }, search: (now) => ({ tenant: now.tenant, tab: next === 'contents' ? undefined : next }), replace: true })}
      >
        {tab === 'contents' && (document.content === null ? <NotGiven document={document} /> : <CodeText label={`Contents of ${document.title}`}>{document.content}</CodeText>)}
        {tab === 'force' && <JsonText value={document.in_force} label={`What is in force of ${document.title}`} />}
        {tab === 'schema' && <JsonText value={document.schema} label={`Schema of ${document.title}`} />}
        {/* Kept while one looks elsewhere: a text that was typed is not lost. */}
        <div hidden={tab !== 'check'}>
          <Check key={document.name} document={document} />
        </div>
      </Tabs>
    </Page>
  );
}

function NotGiven({ document }: { document: ConfigurationDocument }) {
  return (
    <div className="card">
      <Empty icon="file" title="It is not there">
        There is no {document.file}: everything is as it is by itself. What that is stands under “In force”.
      </Empty>
    </div>
  );
}

function Check({ document }: { document: ConfigurationDocument }) {
  const [text, setText] = useState(document.content ?? '');
  const field = useRef<HTMLTextAreaElement>(null);
  const check = useMutation({ mutationFn: () => answer(api.POST('/api/configuration/check', { body: { contents: { [document.name]: text } } })) });
  const go = (fault: ConfigurationFault) => {
    const at = placeIn(text, fault.line, fault.column);
    field.current?.focus();
    field.current?.setSelectionRange(at, at);
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        check.mutate();
      }}
    >
      <Field label="The text as it would be" hint="It is checked with all other documents as they are. Nothing is changed here: a change goes into the file.">
        {(wiring) => <textarea {...wiring} ref={field} className="input mono confdoc__text" spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />}
      </Field>
      <div className="row">
        <Button kind="main" type="submit" icon="check" busy={check.isPending}>
          Check
        </Button>
        <Button
          icon="undo"
          disabled={text === (document.content ?? '')}
          onClick={() => {
            setText(document.content ?? '');
            check.reset();
          }}
        >
          As it is
        </Button>
      </div>
      <ErrorNote error={check.error} />
      {check.data && <Report report={check.data} file={document.file} onGo={go} />}
    </form>
  );
}
