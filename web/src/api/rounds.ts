/** What the pages read of what comes in, what comes round and what is put away, and of the configuration. */
import { queryOptions } from '@tanstack/react-query';

import { answer, api } from './client';
import { PAGE, paged } from './queries';
import type { CacheKind } from './types';

/** Sources have names, not ids; tables want ids. */
export const sourcesQuery = (tenant?: string) =>
  queryOptions({
    queryKey: ['sources', 'list', tenant],
    queryFn: async () => (await answer(api.GET('/api/sources', { params: { query: { tenant } } }))).items.map((it) => ({ ...it, id: it.name })),
    // Who runs is told by the stream of jobs when it is over; how far it is, only by asking.
    refetchInterval: ({ state }) => (state.data?.some((it) => it.status === 'running') ? 2_000 : 30_000),
  });

export const sourceRunsQuery = (source: string, tenant?: string) =>
  paged(['sources', 'runs', source, { tenant }], (cursor) => answer(api.GET('/api/sources/{source}/runs', { params: { path: { source }, query: { tenant, limit: 50, count: true, cursor } } })));

export const sourceRunQuery = (source: string, job: string) =>
  queryOptions({
    queryKey: ['sources', 'run', source, job],
    queryFn: () => answer(api.GET('/api/sources/{source}/runs/{job}', { params: { path: { source, job } } })),
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data.state) ? 1_000 : false),
  });

/** The same item may be set aside at several steps. */
export const sourceAsidesQuery = (source: string, tenant?: string) =>
  paged(['sources', 'aside', source, { tenant }], async (cursor) => {
    const page = await answer(api.GET('/api/sources/{source}/aside', { params: { path: { source }, query: { tenant, limit: PAGE, count: true, cursor } } }));
    return { ...page, items: page.items.map((it) => ({ ...it, id: `${it.step} ${it.item}` })) };
  });

export interface CacheNarrowing {
  kind?: CacheKind;
  pattern?: string;
  tag?: string;
}

export const sourceCacheQuery = (query: CacheNarrowing) =>
  queryOptions({ queryKey: ['sources', 'cache', query], queryFn: () => answer(api.GET('/api/sources/cache', { params: { query: { ...query, entries: 100 } } })), refetchInterval: 30_000 });

/** They stand in the description, so they change only when the server starts anew. */
export const lookupsQuery = queryOptions({
  queryKey: ['lookups'],
  queryFn: async () => (await answer(api.GET('/api/lookups'))).items.map((it) => ({ ...it, id: it.name })),
  staleTime: 300_000,
});

/** By its name, as it is told to tables. */
export const schedulesQuery = queryOptions({
  queryKey: ['schedules', 'list'],
  queryFn: async () => (await answer(api.GET('/api/schedules'))).schedules.map((it) => ({ ...it, id: it.name })),
  refetchInterval: 10_000,
});

export const scheduleQuery = (schedule: string) =>
  queryOptions({ queryKey: ['schedules', 'one', schedule], queryFn: () => answer(api.GET('/api/schedules/{schedule}', { params: { path: { schedule } } })), refetchInterval: 10_000 });

export const archivesQuery = (query: { tenant?: string; collection?: string }) =>
  paged(['archives', query], (cursor) => answer(api.GET('/api/archives', { params: { query: { ...query, limit: PAGE, count: true, cursor } } })));

export const archiveQuery = (archive: string) =>
  queryOptions({ queryKey: ['archives', 'one', archive], queryFn: () => answer(api.GET('/api/archives/{archive}', { params: { path: { archive } } })) });

export const deprecationsQuery = queryOptions({
  queryKey: ['deprecations'],
  queryFn: async () => (await answer(api.GET('/api/deprecations'))).deprecations,
  refetchInterval: 30_000,
});

export const configurationQuery = queryOptions({ queryKey: ['configuration'], queryFn: async () => (await answer(api.GET('/api/configuration'))).documents });

export const configurationDocumentQuery = (config: string) =>
  queryOptions({ queryKey: ['configuration', config], queryFn: () => answer(api.GET('/api/configuration/{config}', { params: { path: { config } } })) });

export const configurationHistoryQuery = (config: string) =>
  paged(['configuration', config, 'history'], async (cursor) => {
    const page = await answer(api.GET('/api/configuration/{config}/history', { params: { path: { config }, query: { limit: 20, count: true, cursor } } }));
    return { ...page, items: page.items.map((it) => ({ ...it, id: String(it.version) })) };
  });

export const frontendQuery = queryOptions({ queryKey: ['frontend'], queryFn: () => answer(api.GET('/api/frontend')), staleTime: 300_000 });

/** Is somebody at it, or about to be? */
export function isUnderWay(state: string): boolean {
  return state === 'pending' || state === 'running';
}
