/** Keeps what pages show of jobs up to date: by the stream while it is open, by asking while it is not. */
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { follow } from '../api/live';
import { jobQuery } from '../api/queries';
import type { JobView, Page } from '../api/types';
import { announce } from '../ui/Toast';
import { type Pages, withRow } from '../ui/table/cursor';
import { useHouse } from './house';

export function isDone(job: Pick<JobView, 'state'>): boolean {
  return job.state !== 'pending' && job.state !== 'running';
}

/** Follows all jobs this person may see. True while the stream is open. */
export function useLiveJobs(allowed: boolean): boolean {
  const client = useQueryClient();
  const [live, setLive] = useState(false);
  useEffect(() => (allowed ? follow({ onJob: (job) => takeIn(client, job), onState: setLive }) : undefined), [client, allowed]);
  return live;
}

/** One job, fresh until it is done. */
export function useJob(id: string | null | undefined) {
  const { live } = useHouse();
  const client = useQueryClient();
  const query = useQuery({
    ...jobQuery(id ?? ''),
    enabled: Boolean(id),
    // Another process may run it, of which this stream knows nothing: so the page asks now and then all the same.
    refetchInterval: ({ state }) => (state.data && isDone(state.data) ? false : live ? 8_000 : 2_000),
  });
  const job = query.data;
  const done = job ? isDone(job) : false;
  useEffect(() => {
    if (done) settle(client);
  }, [client, done]);
  return query;
}

/** What the stream said, put where pages look. */
export function takeIn(client: QueryClient, job: JobView): void {
  const before = client.getQueryData(jobQuery(job.id).queryKey);
  if (before && isDone(before) && !isDone(job) && before.retry_count >= job.retry_count && before.state !== 'failed') return;
  client.setQueryData(jobQuery(job.id).queryKey, job);

  let known = false;
  client.setQueriesData<Pages<JobView> | Page<JobView>>({ queryKey: ['jobs'] }, (list) => {
    if (!list) return list;
    if ('pages' in list) {
      known ||= list.pages.some((page) => page.items.some((it) => it.id === job.id));
      return withRow(list, job);
    }
    known ||= list.items.some((it) => it.id === job.id);
    return { ...list, items: list.items.map((it) => (it.id === job.id ? job : it)) };
  });
  if (!known || isDone(job)) void client.invalidateQueries({ queryKey: ['jobs'] });
  if (isDone(job)) {
    announce(`Job ${job.kind} ${job.state}.`);
    settle(client);
  }
}

/** What a job that ended may have changed. */
const CHANGED = ['records', 'record', 'versions', 'proposals', 'stats', 'audit', 'usage', 'documents', 'document', 'sources', 'schedules', 'archives', 'results', 'result', 'progress'];

function settle(client: QueryClient): void {
  for (const key of CHANGED) void client.invalidateQueries({ queryKey: [key] });
}
