/** A document of the configuration: what stands in it, what is in force, another text for it, and its history. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';

import { configurationDocumentQuery } from '../../api/rounds';
import type { ConfigurationDocument } from '../../api/types';
import { Pending } from '../../app/fallback';
import { Badge } from '../../ui/Badge';
import { CodeText, CopyButton, JsonText } from '../../ui/CodeText';
import { Empty } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Note } from '../../ui/Note';
import { Page } from '../../ui/Page';
import { Tabs } from '../../ui/Tabs';
import { Editor } from './Editor';
import { History } from './History';
import { CATEGORIES } from './lines';
import './configuration.css';

const route = getRouteApi('/house/configuration/$document');
const TABS = ['contents', 'force', 'edit', 'history', 'schema'] as const;

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
        <span className="quiet">{document.version === 0 ? 'The file is in force' : `Version ${document.version} is in force`}</span>
        {document.checksum && (
          <span className="quiet row" style={{ gap: 2 }}>
            {document.checksum.slice(0, 12)} <CopyButton text={document.checksum} label="Copy the checksum" />
          </span>
        )}
      </div>
      {document.waits_for_start && <Note tone="warn">{document.newest_version === 0 ? 'Its file' : `Version ${document.newest_version}`} waits: it is in force at the next start.</Note>}
      {document.set_aside !== null && <Note tone="warn">Version {document.set_aside} is set aside, since the file is another one than it was made upon. The history leads back to it.</Note>}
      {document.hidden.length > 0 && <Note tone="info">{document.hidden.length === 1 ? 'One value is' : `${document.hidden.length} values are`} never shown: {document.hidden.join(', ')}.</Note>}
      <Tabs
        label="Of this document"
        items={[
          { id: 'contents', label: 'Contents' },
          { id: 'force', label: 'In force' },
          { id: 'edit', label: 'Change' },
          { id: 'history', label: 'History' },
          ...(document.has_schema ? [{ id: 'schema' as const, label: 'Schema' }] : []),
        ]}
        value={tab}
        onChange={(next) => void navigate({ to: '/configuration/$document', params: { document: name }, search: (now) => ({ tenant: now.tenant, tab: next === 'contents' ? undefined : next }), replace: true })}
      >
        {tab === 'contents' && (document.content === null ? <NotGiven document={document} /> : <CodeText label={`Contents of ${document.title}`}>{document.content}</CodeText>)}
        {tab === 'force' && <JsonText value={document.in_force} label={`What is in force of ${document.title}`} />}
        {tab === 'schema' && <JsonText value={document.schema} label={`Schema of ${document.title}`} />}
        {tab === 'history' && <History document={document} />}
        {/* Kept while one looks elsewhere: a text that was typed is not lost. */}
        <div hidden={tab !== 'edit'}>
          <Editor key={document.name} document={document} />
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
