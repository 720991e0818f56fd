/** Putting in what is no file: a text, a page of the web, the pages of a small site. */
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';

import { answer, api } from '../../api/client';
import { capital } from '../../api/description';
import { documentQuery } from '../../api/queries';
import type { DocumentView, Json, JsonObject, Schema } from '../../api/types';
import { useHouse } from '../../app/house';
import { useJob } from '../../app/jobs';
import { TenantPicker } from '../../app/TenantSwitcher';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { toast } from '../../ui/Toast';
import { JobPanel } from '../jobs/JobPanel';

export type Way = 'text' | 'page' | 'site';

const TITLE: Schema = { type: 'string', title: 'Title' };
const URL: Schema = { type: 'string', title: 'Address', minLength: 1, maxLength: 2048, examples: ['https://example.com/manual'] };
const SAID: Record<string, Schema> = {
  tags: { type: 'array', title: 'Tags', items: { type: 'string', maxLength: 64 }, maxItems: 32 },
  shared: { type: 'boolean', title: 'Shared', description: 'Everybody here may read and find it.', default: false },
};

function formOf(required: string[], properties: Record<string, Schema>): Schema {
  return { type: 'object', additionalProperties: false, required, properties: { ...properties, ...SAID } };
}

/** A letter has a byte at least. */
const textForm = (bytesMax: number) => formOf(['content'], { title: TITLE, content: { type: 'string', title: 'Text', minLength: 1, maxLength: bytesMax } });
const PAGE = formOf(['url'], { url: URL, title: { ...TITLE, description: 'Its own when left out.' } });
const SITE = formOf(['url'], {
  url: { ...URL, title: 'Address of the first page' },
  max_pages: { type: 'integer', title: 'At most so many pages', minimum: 1, maximum: 100, default: 10 },
  follow: { type: 'boolean', title: 'Follow links', description: 'To pages of the same site.', default: true },
  combine: { type: 'boolean', title: 'One document', description: 'Of all pages, instead of one of each.', default: false },
  title: { ...TITLE, description: 'Of the one document; pages have their own.' },
});

export function AddDocument({ way, onClose }: { way: Way; onClose: () => void }) {
  switch (way) {
    case 'text':
      return <AddText onClose={onClose} />;
    case 'page':
      return <AddPage onClose={onClose} />;
    case 'site':
      return <AddSite onClose={onClose} />;
  }
}

function AddText({ onClose }: { onClose: () => void }) {
  const { app } = useHouse();
  const done = useDone(onClose);
  const schema = useMemo(() => textForm(app.uploads.bytes_max), [app]);
  return (
    <Adding title="Add a text" shape="wide" schema={schema} submit="Add text" onClose={onClose}>
      {async (data, tenant) => done(await answer(api.POST('/api/documents', { body: { tenant, title: textIn(data.title), content: textIn(data.content), ...saidIn(data) } })))}
    </Adding>
  );
}

function AddPage({ onClose }: { onClose: () => void }) {
  const done = useDone(onClose);
  return (
    <Adding title="Add a page of the web" about="It is fetched now. What only you can open, because you signed in there or it is on your own network, cannot be fetched." schema={PAGE} submit="Fetch page" onClose={onClose}>
      {async (data, tenant) => done(await answer(api.POST('/api/documents/page', { body: { tenant, url: String(data.url).trim(), title: textIn(data.title), ...saidIn(data) } })))}
    </Adding>
  );
}

function AddSite({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [job, setJob] = useState<string | null>(null);
  if (job) return <SiteJob id={job} onClose={onClose} />;
  return (
    <Adding title="Add a site" about="Its pages are fetched one after the other, as slowly as the site asks for." schema={SITE} submit="Fetch site" onClose={onClose}>
      {async ({ max_pages, follow, combine, ...data }, tenant) => {
        const accepted = await answer(
          api.POST('/api/documents/site', {
            body: { tenant, url: String(data.url).trim(), title: textIn(data.title), max_pages: typeof max_pages === 'number' ? max_pages : undefined, follow: follow === true, combine: combine === true, ...saidIn(data) },
          }),
        );
        void client.invalidateQueries({ queryKey: ['jobs'] });
        setJob(accepted.job);
      }}
    </Adding>
  );
}

/** How far the site is; its documents are in the list as they come. */
function SiteJob({ id, onClose }: { id: string; onClose: () => void }) {
  const job = useJob(id);
  return (
    <Dialog
      open
      onClose={onClose}
      title="The site is being fetched"
      about="It goes on when you close this."
      foot={
        <>
          <Link to="/jobs/$job" params={{ job: id }} className="button">
            See the job
          </Link>
          <Button kind="main" onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <ErrorNote error={job.data ? null : job.error} retry={() => void job.refetch()} />
      {job.data ? <JobPanel job={job.data} /> : job.isPending && <Skeleton lines={3} />}
    </Dialog>
  );
}

interface AddingProps {
  title: string;
  about?: ReactNode;
  shape?: 'wide';
  schema: Schema;
  submit: string;
  onClose: () => void;
  children: (data: JsonObject, tenant: string | undefined) => Promise<unknown>;
}

/** The dialog around such a form; it asks whose it will be where that is not plain. */
function Adding({ title, about, shape, schema, submit, onClose, children }: AddingProps) {
  const { app, tenant: shown, allTenants } = useHouse();
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <Dialog open onClose={onClose} title={title} about={about} shape={shape}>
      <div className="stack writing">
        {allTenants && (
          <Field label={capital(app.tenants?.noun ?? '')} required>
            {(wiring) => <TenantPicker {...wiring} label={app.tenants?.noun ?? ''} value={chosen} onChange={setChosen} />}
          </Field>
        )}
        <SchemaForm schema={schema} submit={submit} onCancel={onClose} disabled={allTenants && !chosen} run={(data) => children(data, shown ?? chosen ?? undefined)} />
      </div>
    </Dialog>
  );
}

/** Leads to what was taken in. */
function useDone(onClose: () => void): (document: DocumentView) => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  return (document) => {
    client.setQueryData(documentQuery(document.id).queryKey, document);
    void client.invalidateQueries({ queryKey: ['documents'] });
    toast(document.existed ? 'It was there already, and has not changed.' : 'It was taken in.', 'good');
    onClose();
    void navigate({ to: '/documents/$document', params: { document: document.id } });
  };
}

function saidIn({ tags, shared }: JsonObject): { tags: string[]; shared: boolean } {
  return { tags: Array.isArray(tags) ? tags.map(String) : [], shared: shared === true };
}

function textIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
