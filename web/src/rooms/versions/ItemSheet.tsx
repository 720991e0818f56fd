/** One record of a version, at the side of its table; changing it makes a new version. */
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { importOf, labelOf, readable, titleOf } from '../../api/description';
import type { Accepted, Json, JsonObject, RecordView, Schema } from '../../api/types';
import { useHouse } from '../../app/house';
import { useJob } from '../../app/jobs';
import { Button, IconButton } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { PickerContext } from '../../ui/form/SchemaField';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Note } from '../../ui/Note';
import { Progress } from '../../ui/Progress';
import { Time } from '../../ui/Time';
import { pickerFor } from '../records/RecordPicker';
import { Value } from '../records/Value';

interface Props {
  record: RecordView;
  collection: string;
  /** None: a new one. */
  item: RecordView | undefined;
  onClose: () => void;
  around?: { before?: () => void; after?: () => void };
}

export function ItemSheet({ record, collection, item, onClose, around }: Props) {
  const { app, can } = useHouse();
  const client = useQueryClient();
  const [editing, setEditing] = useState(!item);
  const [accepted, setAccepted] = useState<Accepted | null>(null);
  const view = app.collections[collection];
  if (!view) return null;
  const mayChange = can('write_records') && !record.deleted_at && importOf(app, record.collection) !== null;

  const send = async (data: JsonObject) => {
    const answered = await answer(api.POST('/api/records/{record}/change', { params: { path: { record: record.id } }, body: { items: [data] } }));
    setAccepted(answered);
    void client.invalidateQueries({ queryKey: ['record', record.id] });
  };

  return (
    <Dialog
      open
      onClose={onClose}
      shape="side"
      title={item ? titleOf(view, item) : `New ${view.noun}`}
      about={item && `${readable(view.noun)} of ${titleOf(app.collections[record.collection], record)}`}
      foot={
        !editing && !accepted && (
          <>
            <IconButton icon="left" label={`The ${view.noun} before`} disabled={!around?.before} onClick={around?.before} />
            <IconButton icon="right" label={`The ${view.noun} after`} disabled={!around?.after} onClick={around?.after} />
            <span className="grow" />
            {mayChange && (
              <Button icon="edit" onClick={() => setEditing(true)}>
                Change in a new version
              </Button>
            )}
          </>
        )
      }
    >
      {accepted ? (
        <ChangeProgress accepted={accepted} record={record} onClose={onClose} />
      ) : editing ? (
        <div className="stack">
          <Note>Versions never change: saving makes a new version that differs in this {view.noun}.</Note>
          <PickerContext value={pickerFor(app, view.references, record.tenant)}>
            <SchemaForm schema={view.schema} documents={view.documents} value={item?.data} submit="Save as a new version" onCancel={item ? () => setEditing(false) : onClose} run={send} />
          </PickerContext>
        </div>
      ) : (
        item && <Fields item={item} />
      )}
    </Dialog>
  );
}

function Fields({ item }: { item: RecordView }) {
  const { app } = useHouse();
  const view = app.collections[item.collection];
  return (
    <dl className="sheet-fields">
      {flat(item.data, view?.schema).map(({ path, value, schema }) => (
        <div key={path} style={{ display: 'contents' }}>
          <dt>{labelOf(view?.schema, path)}</dt>
          <dd>
            <Value value={value} schema={schema} reference={view?.references[path]} />
          </dd>
        </div>
      ))}
      <dt>Made</dt>
      <dd>
        <Time at={item.created_at} exact />
      </dd>
    </dl>
  );
}

/** All fields, those of objects too, in the order of the schema. */
function flat(data: JsonObject, schema: Schema | undefined, path = ''): { path: string; value: Json | undefined; schema: Schema | undefined }[] {
  const names = [...new Set([...Object.keys(schema?.properties ?? {}), ...Object.keys(data)])];
  return names.flatMap((name) => {
    const value = data[name];
    const inner = schema?.properties?.[name];
    const at = path ? `${path}.${name}` : name;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return flat(value, inner, at);
    return path && value === undefined ? [] : [{ path: at, value, schema: inner }];
  });
}

function ChangeProgress({ accepted, record, onClose }: { accepted: Accepted; record: RecordView; onClose: () => void }) {
  const { data: job } = useJob(accepted.job);
  return (
    <div className="stack" role="status">
      {job?.state === 'failed' ? (
        <Note tone="bad">
          <strong>The new version could not be made.</strong>
          <p>{job.error?.message}</p>
        </Note>
      ) : job?.state === 'completed' ? (
        <Note tone="good">The new version is there.</Note>
      ) : (
        <>
          <p>{job?.message ?? accepted.message}</p>
          <Progress value={job?.progress ?? 0} label="Progress of the change" />
        </>
      )}
      <div className="row">
        <Link to="/records/$record" params={{ record: record.id }} search={{ tab: 'versions' }} className="button" onClick={onClose}>
          See the versions
        </Link>
        <Link to="/jobs/$job" params={{ job: accepted.job }} className="button button--plain">
          See the job
        </Link>
      </div>
    </div>
  );
}
