/** Reading a list in: choose a file, see how it is understood, name what it becomes, watch it come in. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { capital, importOf } from '../../api/description';
import type { CollectionView, JsonObject } from '../../api/types';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { TenantPicker } from '../../app/TenantSwitcher';
import { Button } from '../../ui/Button';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { PickerContext } from '../../ui/form/SchemaField';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Note } from '../../ui/Note';
import { Card, Page } from '../../ui/Page';
import { pickerFor } from '../records/RecordPicker';
import { Reading } from './Reading';
import { Running } from './Running';
import { asForm, nameOf } from './upload';
import { useReading } from './useReading';
import './imports.css';

const route = getRouteApi('/house/data/$collection/import');

export default function ImportPage() {
  const { collection: name } = route.useParams();
  const { job } = route.useSearch();
  const { app, can } = useHouse();
  const view = app.collections[name];
  if (!view || !importOf(app, name)) return <NotFound />;
  const title = `Import ${view.versioned ? (app.collections[view.versioned.children]?.plural ?? '') : view.plural}`;
  return (
    <Page title={title} about={view.versioned ? `A file becomes a new ${view.noun} with its first version.` : undefined}>
      <div className="steps">
        {job ? (
          <Running job={job} title="Import">
            <Link to="/data/$collection/import" params={{ collection: name }} search={{}} className="button">
              Import another file
            </Link>
            <Link to="/data/$collection" params={{ collection: name }} className="button button--plain">
              Back to the list
            </Link>
          </Running>
        ) : can('write_records') ? (
          <Choose name={name} view={view} />
        ) : (
          <Note tone="warn">Your role reads, and does not import.</Note>
        )}
      </div>
    </Page>
  );
}

function Choose({ name, view }: { name: string; view: CollectionView }) {
  const { app, tenant: shown, allTenants } = useHouse();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string | null>(null);
  const limits = importOf(app, name);
  const reading = useReading(name, limits);
  const needsTenant = allTenants && !view.shared;
  const tenant = view.shared ? undefined : (shown ?? chosen ?? undefined);
  const rows = view.versioned ? app.collections[view.versioned.children] : view;
  if (!limits || !rows) return null;

  const start = async (file: File, fields: JsonObject) => {
    const accepted = await answer(api.POST('/api/collections/{collection}/import', { params: { path: { collection: name } }, body: { ...fields, tenant, file }, bodySerializer: asForm }));
    void client.invalidateQueries({ queryKey: ['jobs'] });
    void client.invalidateQueries({ queryKey: ['records', name] });
    void navigate({ to: '/data/$collection/import', params: { collection: name }, search: { job: accepted.job }, replace: true });
  };

  return (
    <>
      {needsTenant && (
        <div style={{ maxWidth: 360 }}>
          <Field label={capital(app.tenants?.noun ?? 'tenant')} required hint={`Whose ${view.noun} it will be.`}>
            {(wiring) => <TenantPicker {...wiring} label={app.tenants?.noun ?? 'tenant'} value={chosen} onChange={setChosen} />}
          </Field>
        </div>
      )}
      <Reading reading={reading} limits={limits} rows={rows} before={needsTenant && !tenant ? <Note>Choose a {app.tenants?.noun} first.</Note> : undefined}>
        {(file, preview) => {
          const act = `Import ${preview.counts.kept.toLocaleString('en')} ${rows.plural}`;
          if (preview.counts.kept === 0) return <Note tone="bad">No row can be kept, so there is nothing to import. The report above says why.</Note>;
          if (!view.versioned) return <StartButton label={act} run={() => start(file, {})} />;
          return (
            <Card title={`The new ${view.noun}`}>
              <PickerContext value={pickerFor(app, view.references, tenant)}>
                <SchemaForm key={file.name + file.lastModified} schema={view.schema} documents={view.documents} value={{ [view.title]: nameOf(file) }} submit={act} run={(fields) => start(file, fields)} />
              </PickerContext>
            </Card>
          );
        }}
      </Reading>
    </>
  );
}

function StartButton({ label, run }: { label: string; run: () => Promise<void> }) {
  const start = useMutation({ mutationFn: run });
  return (
    <div className="stack">
      <ErrorNote error={start.error} />
      <div className="row row--end">
        <Button kind="main" busy={start.isPending} onClick={() => start.mutate()}>
          {label}
        </Button>
      </div>
    </div>
  );
}
