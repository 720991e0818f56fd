/** The answer of a task that runs at once, and where it can be put. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answer as unwrap, api, unchanged } from '../../api/client';
import { readable, referenceOf, titleOf } from '../../api/description';
import { recordQuery } from '../../api/queries';
import type { Json, JsonObject, RecordView, TaskAnswer } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { JsonText } from '../../ui/CodeText';
import { Changes } from '../../ui/Diff';
import { Confirm } from '../../ui/Dialog';
import { valueDiff } from '../../ui/diff';
import { Card } from '../../ui/Page';
import { toast } from '../../ui/Toast';
import { CreateRecord } from '../records/RecordForm';
import { makerOf } from '../versions/version';

interface Props {
  answer: TaskAnswer;
  input: JsonObject;
  record: RecordView;
}

export function TaskResult({ answer, input, record }: Props) {
  const { app, can } = useHouse();
  const fields: JsonObject = typeof answer.answer === 'object' && answer.answer !== null && !Array.isArray(answer.answer) ? answer.answer : { answer: answer.answer };
  const homes = homesOf(fields);

  /** A field of the answer that is a document of some collection can be kept there. */
  function homesOf(given: JsonObject) {
    return Object.entries(app.collections).flatMap(([collection, view]) =>
      Object.keys(view.documents)
        .filter((field) => field in given)
        .map((field) => {
          const named = Object.keys(input).find((it) => typeof input[it] === 'string' && referenceOf(app, undefined, it) === collection);
          return { collection, field, value: given[field] ?? null, record: named ? String(input[named]) : null };
        }),
    );
  }

  return (
    <Card title="Answer" aside={<span className="quiet">{makerOf(answer.produced_by)}</span>}>
      <div className="stack">
        {Object.entries(fields).map(([name, value]) => (
          <section key={name} className="stack" style={{ gap: 4 }}>
            <h3>{readable(name)}</h3>
            {typeof value === 'string' ? <p className="wrap">{value}</p> : <JsonText value={value} label={readable(name)} />}
          </section>
        ))}
        {can('write_records') && homes.map((it) => <Keep key={it.collection + it.field} {...it} beside={record} />)}
      </div>
    </Card>
  );
}

function Keep({ collection, field, value, record, beside }: { collection: string; field: string; value: Json; record: string | null; beside: RecordView }) {
  const { app } = useHouse();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [act, setAct] = useState<'update' | 'create' | null>(null);
  const view = app.collections[collection];
  const target = useQuery({ ...recordQuery(record ?? ''), enabled: record !== null });
  if (!view) return null;
  return (
    <div className="row">
      {target.data && (
        <Button kind="main" icon="check" onClick={() => setAct('update')}>
          Put into {titleOf(view, target.data)}
        </Button>
      )}
      <Button icon="plus" onClick={() => setAct('create')}>
        Make a new {view.noun} of it
      </Button>
      {act === 'update' && target.data && (
        <Confirm
          open
          onClose={() => setAct(null)}
          title={`Change ${titleOf(view, target.data)}?`}
          act="Change"
          run={async () => {
            if (!target.data) return;
            const next = await unwrap(api.PATCH('/api/records/{record}', { params: { path: { record: target.data.id } }, headers: unchanged(target.data), body: { [field]: value } }));
            client.setQueryData(recordQuery(next.id).queryKey, next);
            void client.invalidateQueries({ queryKey: ['records', collection] });
            toast('Saved.', 'good');
          }}
        >
          <Changes changes={valueDiff(target.data.data[field], value)} label={readable} />
        </Confirm>
      )}
      {act === 'create' && (
        <CreateRecord
          collection={collection}
          open
          start={{ [field]: value, ...startBeside(view.references, beside) }}
          onClose={() => setAct(null)}
          onDone={(made) => void navigate({ to: '/records/$record', params: { record: made.id } })}
        />
      )}
    </div>
  );
}

/** A new record that may name the one we stand at does. */
function startBeside(references: Record<string, string>, beside: RecordView): JsonObject {
  const field = Object.keys(references).find((it) => references[it] === beside.collection);
  return field ? { [field]: beside.id } : {};
}
