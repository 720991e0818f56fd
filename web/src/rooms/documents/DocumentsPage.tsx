/** What assistants look things up in: files, texts and pages of the web, put in, watched, found again. */
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { useHouse } from '../../app/house';
import { TenantPicker } from '../../app/TenantSwitcher';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { Icon } from '../../ui/Icon';
import { Menu } from '../../ui/Menu';
import { Note } from '../../ui/Note';
import { Page } from '../../ui/Page';
import { AddDocument, type Way } from './AddDocument';
import { DocumentTable } from './DocumentTable';
import { DropStrip } from './DropStrip';
import { refusalOf } from './limits';
import { type Mode, MODES, SearchResults } from './SearchResults';
import { UploadList } from './UploadList';
import { uploads } from './uploads';
import './documents.css';

const route = getRouteApi('/house/documents');

export default function DocumentsPage() {
  const { app, can, tenant, allTenants, setTenant } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate();
  const [adding, setAdding] = useState<Way | null>(null);
  const words = search.q?.trim() ?? '';
  const mode = (Object.keys(MODES) as Mode[]).find((it) => it === search.mode) ?? 'hybrid';
  const mayAdd = can('write_documents') && app.uploads.enabled;

  const whose = (
    <div className="intake__whose">
      <TenantPicker label={app.tenants?.noun ?? ''} value={null} onChange={(it) => setTenant(it ?? undefined)} />
    </div>
  );
  return (
    <Page
      fill={!words}
      title="Documents"
      about="What assistants look things up in. Your own, and those that are shared."
      actions={
        mayAdd && (
          <Menu
            label="Add"
            trigger={<Button icon="plus">Add a text or a page</Button>}
            items={[
              { label: 'A text', icon: 'edit', run: () => setAdding('text') },
              { label: 'A page of the web', icon: 'globe', run: () => setAdding('page') },
              { label: 'A site', icon: 'link', run: () => setAdding('site') },
            ]}
          />
        )
      }
    >
      {can('write_documents') && !app.uploads.enabled && <Note>Documents are not taken in at the moment.</Note>}
      {mayAdd &&
        !words &&
        (allTenants ? (
          <div className="intake">
            <div className="intake__line">
              <Icon name="building" size={20} />
              <p className="grow">Choose a {app.tenants?.noun} to put files in.</p>
              {whose}
            </div>
          </div>
        ) : (
          <DropStrip limits={app.uploads} onFiles={(files, said) => uploads.add(files, { ...said, tenant }, (file) => refusalOf(file, app.uploads))} />
        ))}
      <UploadList />
      <Finder
        key={words}
        words={words}
        mode={mode}
        onFind={(q, next) => void navigate({ to: '/documents', search: (now) => ({ ...now, q: q || undefined, mode: next === 'hybrid' ? undefined : next }) })}
      />
      {!words ? (
        <DocumentTable listing={search} onListing={(next) => void navigate({ to: '/documents', search: (now) => ({ ...now, ...next }), replace: true })} />
      ) : allTenants ? (
        <Empty icon="building" title={`Choose a ${app.tenants?.noun}`} action={whose}>
          A search looks into the documents of one {app.tenants?.noun} at a time.
        </Empty>
      ) : (
        <>
          <div className="row">
            <Link to="/documents" search={(now) => ({ tenant: now.tenant, tag: now.tag })} className="button button--small">
              <Icon name="left" /> All documents
            </Link>
            {search.tag && (
              <>
                <Badge tone="accent">Only “{search.tag}”</Badge>
                <Link to="/documents" search={(now) => ({ ...now, tag: undefined })} className="button button--small button--plain">
                  With any tag
                </Link>
              </>
            )}
          </div>
          <SearchResults text={words} mode={mode} tag={search.tag} />
        </>
      )}
      {adding && <AddDocument way={adding} onClose={() => setAdding(null)} />}
    </Page>
  );
}

function Finder({ words, mode, onFind }: { words: string; mode: Mode; onFind: (words: string, mode: Mode) => void }) {
  const [text, setText] = useState(words);
  const [how, setHow] = useState(mode);
  return (
    <form
      className="toolbar docfind"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onFind(text.trim(), how);
      }}
    >
      <input className="input grow" type="search" data-search aria-label="What to find in documents" placeholder="Find in documents: words, or a whole question" value={text} onChange={(event) => setText(event.target.value)} />
      <select
        className="input"
        aria-label="How to find it"
        value={how}
        onChange={(event) => {
          const next = event.target.value as Mode;
          setHow(next);
          if (words) onFind(words, next);
        }}
      >
        {Object.entries(MODES).map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
      <Button icon="search" type="submit">
        Search
      </Button>
    </form>
  );
}
