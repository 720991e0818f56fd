/** What can be run on a record: each task with its form, and what came of it. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';

import { tasksOn } from '../../api/description';
import { fewJobsQuery, versionsQuery } from '../../api/queries';
import type { RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Empty } from '../../ui/Empty';
import { Card } from '../../ui/Page';
import { JobRow } from '../jobs/JobRow';
import { RunTask } from './RunTask';

const route = getRouteApi('/house/records/$record');

export function TasksTab({ record }: { record: RecordView }) {
  const { app, live } = useHouse();
  const { task: named } = route.useSearch();
  const tasks = tasksOn(app, record.collection);
  const [chosen, setChosen] = useState(named ?? tasks[0]?.name);
  const versions = useQuery({ ...versionsQuery(record.id), enabled: Boolean(app.collections[record.collection]?.versioned) });
  const jobs = useQuery({ ...fewJobsQuery({ record: record.id }, 8), refetchInterval: live ? 15_000 : 3_000 });
  const task = tasks.find((it) => it.name === chosen) ?? tasks[0];

  if (!task) return <Empty icon="play" title="No task works on this" />;
  return (
    <div className="tasks">
      <ul className="tasks__list">
        {tasks.map((it) => (
          <li key={it.name}>
            <button type="button" className="task" aria-pressed={it.name === task.name} onClick={() => setChosen(it.name)}>
              <strong>{it.view.title}</strong>
              <span className="soft">{it.view.about}</span>
            </button>
          </li>
        ))}
      </ul>
      <div className="stack stack--wide">
        <RunTask key={task.name} name={task.name} task={task.view} record={record} versions={versions.data?.items ?? []} />
        <Card title="Latest jobs here" flush>
          {jobs.data?.items.length ? (
            <ul>
              {jobs.data.items.map((it) => (
                <JobRow key={it.id} job={it} />
              ))}
            </ul>
          ) : (
            <p className="quiet" style={{ padding: 16 }}>
              {jobs.isPending ? 'Reading…' : 'Nothing has run here yet.'}
            </p>
          )}
        </Card>
      </div>
    </div>
  );
}
