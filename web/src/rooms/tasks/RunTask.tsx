import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import type { Accepted, JsonObject, RecordView, Schema, TaskAnswer, TaskView, VersionView } from '../../api/types';
import { useHouse } from '../../app/house';
import { useJob } from '../../app/jobs';
import { Field } from '../../ui/Field';
import { PickerContext } from '../../ui/form/SchemaField';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Note } from '../../ui/Note';
import { Card } from '../../ui/Page';
import { JobPanel } from '../jobs/JobPanel';
import { pickerFor } from '../records/RecordPicker';
import { shownOf } from '../versions/version';
import { VersionPicker } from '../versions/VersionPicker';
import { TaskResult } from './TaskResult';
import './tasks.css';

interface Props {
  name: string;
  task: TaskView;
  record: RecordView;
  versions: VersionView[];
}

/** The form of a task, and below it what came of the last run. */
export function RunTask({ name, task, record, versions }: Props) {
  const { app, can } = useHouse();
  const client = useQueryClient();
  const [named, setNamed] = useState<string>();
  const [running, setRunning] = useState<string | null>(null);
  const [answered, setAnswered] = useState<{ answer: TaskAnswer; input: JsonObject } | null>(null);
  const job = useJob(running);
  const onVersion = task.on !== record.collection;
  const version = onVersion ? shownOf(versions, named) : undefined;
  const model = app.model.complete;
  const blocked = !can('run_tasks')
    ? 'Your role does not run tasks.'
    : record.deleted_at
      ? 'It was deleted: restore it first.'
      : onVersion && !version
        ? 'There is no version to work on yet.'
        : !model && !task.has_fallback
          ? 'This task needs a model, and none is configured.'
          : null;

  const run = async (values: JsonObject) => {
    setAnswered(null);
    setRunning(null);
    const { input, label, notes } = split(values, task);
    const got = await answer(
      api.POST('/api/tasks/{task}', { params: { path: { task: name } }, body: { ...(version ? { version: version.id } : { record: record.id }), input, label, notes } }),
    );
    if (isAccepted(got)) {
      setRunning(got.job);
      void client.invalidateQueries({ queryKey: ['jobs'] });
      void client.invalidateQueries({ queryKey: ['record', record.id] });
    } else {
      setAnswered({ answer: got, input });
    }
  };

  return (
    <>
      <Card title={task.title}>
        <div className="stack">
          <p className="soft">{task.about}</p>
          <p className="quiet">
            {model ? (
              <>
                Asks <code>{model}</code>
                {task.has_fallback && '; rules answer when it cannot'}.
              </>
            ) : (
              task.has_fallback && 'No model is configured: rules compute the answer, at no cost.'
            )}
          </p>
          {onVersion && versions.length > 0 && (
            <Field label="On version">{(wiring) => <div {...{ id: wiring.id }}><VersionPicker label="On version" versions={versions} value={version?.id} onChange={setNamed} /></div>}</Field>
          )}
          {blocked ? (
            <Note tone="warn">{blocked}</Note>
          ) : (
            <PickerContext value={pickerFor(app, undefined, record.tenant)}>
              <SchemaForm schema={formOf(task)} submit={`Run: ${task.title}`} run={run} disabled={record.lock !== null} />
            </PickerContext>
          )}
          {task.makes === 'version' && <p className="quiet">It makes a new version that waits: look at the difference, then activate it.</p>}
        </div>
      </Card>
      {job.data && (
        <Card title="This run" aside={<Link to="/jobs/$job" params={{ job: job.data.id }}>Open the job</Link>}>
          <JobPanel job={job.data} />
        </Card>
      )}
      {answered && <TaskResult answer={answered.answer} input={answered.input} record={record} />}
    </>
  );
}

const ABOUT_VERSION: Record<string, Schema> = {
  label: { type: ['string', 'null'], title: 'Label of the new version', maxLength: 255 },
  notes: { type: ['string', 'null'], title: 'Notes', maxLength: 2000 },
};

/** The task's own fields, and for one that makes a version its label and notes unless it asks for them itself. */
function formOf(task: TaskView): Schema {
  const own = task.input ?? { type: 'object', properties: {}, additionalProperties: false };
  if (task.makes !== 'version') return own;
  const extra = Object.fromEntries(Object.entries(ABOUT_VERSION).filter(([name]) => !own.properties?.[name]));
  return { ...own, properties: { ...own.properties, ...extra } };
}

function split(values: JsonObject, task: TaskView): { input: JsonObject; label?: string; notes?: string } {
  const { label, notes } = values;
  const own = task.input?.properties ?? {};
  return {
    input: Object.fromEntries(Object.entries(values).filter(([name]) => name in own)),
    ...(task.makes === 'version' && typeof label === 'string' ? { label } : {}),
    ...(task.makes === 'version' && typeof notes === 'string' ? { notes } : {}),
  };
}

function isAccepted(got: Accepted | TaskAnswer): got is Accepted {
  return 'job' in got;
}
