/**
 * What the pages read: for each list or thing its key and its fetch, together in one place.
 *
 * Keys begin with the noun, so that `['jobs']` names every list of jobs and `['job', id]` one of them.
 */
import { hashKey, infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';

import { answer, api, onAccountOf } from './client';
import { asFault, faultOf } from './problem';
import type { DocumentContent, DocumentResults, DocumentView, JobView, LogRecord, MessageView, Page, UsageGroup, UsageOutcome } from './types';

/** Rows of one page of a table. Large enough that scrolling seldom waits, small enough to arrive at once. */
export const PAGE = 200;

type Next = string | undefined;

/**
 * May the rows of one list stand in while those of another are on their way? Only when it is the same
 * list, searched or narrowed otherwise: rows of another tenant or another collection would lie.
 */
function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return hashKey(one.map(withoutNarrowing)) === hashKey(other.map(withoutNarrowing));
}

const NARROWING = ['search', 'filters', 'sort', 'category', 'action', 'actor', 'from', 'to', 'operation', 'model', 'outcome', 'key', 'task', 'tag', 'unbound'];

function withoutNarrowing(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  return Object.entries(part).filter(([name, value]) => value !== undefined && !NARROWING.includes(name));
}

export function paged<T>(key: readonly unknown[], read: (cursor: Next) => Promise<Page<T>>) {
  return infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as Next,
    getNextPageParam: (last: Page<T>) => last.next_cursor ?? undefined,
    placeholderData: (before, query) => (query && isSameList(query.queryKey, key) ? before : undefined),
  });
}

export const appQuery = queryOptions({ queryKey: ['app'], queryFn: () => answer(api.GET('/api/app')), staleTime: 300_000 });
export const meQuery = queryOptions({ queryKey: ['me'], queryFn: () => answer(api.GET('/api/me')), staleTime: 60_000 });

export const statsQuery = queryOptions({ queryKey: ['stats'], queryFn: () => answer(api.GET('/api/v1/stats')), refetchInterval: 15_000 });

/** An unhealthy server says so with 503 and the same body: that is an answer, not a fault. */
export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: async () => {
    const { data, error, response } = await api.GET('/health').catch((thrown: unknown) => {
      throw asFault(thrown);
    });
    if (data) return data;
    // A proxy before the server may have written anything.
    if (typeof error === 'object' && 'checks' in error) return error;
    throw faultOf(response, error);
  },
  refetchInterval: 15_000,
});

export const tenantQuery = (tenant: string) =>
  queryOptions({ queryKey: ['tenant', tenant], queryFn: () => answer(api.GET('/api/tenants/{tenant}', { params: { path: { tenant } } })) });

/** How many there are: a list counts all that it could go on to show. */
export const tenantCountQuery = queryOptions({
  queryKey: ['tenants', 'count'],
  queryFn: async () => (await answer(api.GET('/api/tenants', { params: { query: { limit: 1 } } }))).total ?? null,
  staleTime: 60_000,
});

/** Names for lists that speak of many tenants: one question instead of one for each. */
export const tenantNamesQuery = queryOptions({
  queryKey: ['tenants', 'names'],
  queryFn: async () => {
    const page = await answer(api.GET('/api/tenants', { params: { query: { limit: 500 } } }));
    return new Map(page.items.map((it) => [it.id, it.name]));
  },
  staleTime: 300_000,
});

export const tenantsQuery = (query: { search?: string; deleted?: boolean }) =>
  paged(['tenants', query], (cursor) => answer(api.GET('/api/tenants', { params: { query: { ...query, limit: PAGE, cursor } } })));

export interface RecordsQuery {
  tenant?: string;
  parent?: string;
  search?: string;
  deleted?: boolean;
  filters?: Record<string, string>;
  /** A field that the collection can be ordered by; `-` before it begins with the last. */
  sort?: string;
}

function recordParams({ filters, ...rest }: RecordsQuery, cursor: Next) {
  const narrowed = filters && Object.fromEntries(Object.entries(filters).map(([field, value]) => [`filter.${field}`, value]));
  return { ...rest, filters: narrowed, limit: PAGE, count: true, cursor };
}

export const recordsQuery = (collection: string, query: RecordsQuery) =>
  paged(['records', collection, query], (cursor) =>
    answer(api.GET('/api/collections/{collection}', { params: { path: { collection }, query: recordParams(query, cursor) } })),
  );

/** The first few, for pickers and the palette. */
export const fewRecordsQuery = (collection: string, query: RecordsQuery, limit = 20) =>
  queryOptions({
    queryKey: ['records', collection, 'few', query, limit],
    queryFn: () =>
      answer(
        api.GET('/api/collections/{collection}', {
          params: { path: { collection }, query: { ...recordParams(query, undefined), limit, count: false } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** How many there are, without reading them. */
export const recordCountQuery = (collection: string, query: RecordsQuery) =>
  queryOptions({
    queryKey: ['records', collection, 'count', query],
    queryFn: async () => {
      const page = await answer(api.GET('/api/collections/{collection}', { params: { path: { collection }, query: { ...recordParams(query, undefined), limit: 1 } } }));
      return page.total ?? page.items.length;
    },
    staleTime: 60_000,
  });

export const recordQuery = (record: string) =>
  queryOptions({ queryKey: ['record', record], queryFn: () => answer(api.GET('/api/records/{record}', { params: { path: { record } } })) });

export const versionsQuery = (record: string) =>
  queryOptions({
    queryKey: ['versions', record],
    queryFn: () => answer(api.GET('/api/records/{record}/versions', { params: { path: { record }, query: { limit: 500 } } })),
  });

export const versionRecordsQuery = (version: string, query: RecordsQuery) =>
  paged(['version-records', version, query], (cursor) =>
    answer(api.GET('/api/versions/{version}/records', { params: { path: { version }, query: recordParams(query, cursor) } })),
  );

/** Versions never change, so neither does what lies between two of them. */
export const diffQuery = (from: string, to: string) =>
  queryOptions({
    queryKey: ['diff', from, to],
    queryFn: () => answer(api.GET('/api/versions/{version}/diff/{other}', { params: { path: { version: from, other: to } } })),
    staleTime: Infinity,
  });

export const proposalsQuery = (version: string, query: { status?: string; category?: string }) =>
  paged(['proposals', version, query], (cursor) =>
    answer(api.GET('/api/versions/{version}/proposals', { params: { path: { version }, query: { ...query, limit: PAGE, cursor, count: true } } })),
  );

export interface DocumentsQuery {
  tenant?: string;
  state?: DocumentView['state'];
  tag?: string;
  /** Only those that are bound to no chat. */
  unbound?: boolean;
}

export const documentsQuery = (query: DocumentsQuery) =>
  paged(['documents', query], (cursor) => answer(api.GET('/api/documents', { params: { query: { ...query, limit: PAGE, count: true, cursor } } })));

export const documentQuery = (document: string) =>
  queryOptions({ queryKey: ['document', document], queryFn: () => answer(api.GET('/api/documents/{document}', { params: { path: { document } } })) });

/** Characters of a text that are read at once: a few dozen pages, so that a book opens as fast as a letter. */
export const TEXT_BLOCK = 40_000;

/** The text of a document, block by block in both directions, from the one with this number on. It never changes. */
export const documentTextQuery = (document: string, block: number) =>
  infiniteQueryOptions({
    queryKey: ['document-text', document, block],
    queryFn: ({ pageParam }) =>
      answer(api.GET('/api/documents/{document}/content', { params: { path: { document }, query: { from_char: pageParam * TEXT_BLOCK, to_char: (pageParam + 1) * TEXT_BLOCK } } })),
    initialPageParam: block,
    getNextPageParam: (last: DocumentContent) => (last.to_char < last.chars ? Math.floor(last.to_char / TEXT_BLOCK) : undefined),
    getPreviousPageParam: (first: DocumentContent) => (first.from_char > 0 ? Math.ceil(first.from_char / TEXT_BLOCK) - 1 : undefined),
    staleTime: Infinity,
  });

/** Where the pages of a document begin, without its text. */
export const documentPagesQuery = (document: string) =>
  queryOptions({
    queryKey: ['document-text', document, 'pages'],
    queryFn: () => answer(api.GET('/api/documents/{document}/content', { params: { path: { document }, query: { from_char: 0, to_char: 0 } } })),
    staleTime: Infinity,
  });

export interface DocumentSearch {
  tenant?: string;
  query: string;
  mode?: DocumentResults['mode'];
  tags?: string[];
}

export const documentSearchQuery = (search: DocumentSearch) =>
  queryOptions({
    queryKey: ['document-search', search],
    queryFn: () => answer(api.POST('/api/documents/search', { body: { ...search, limit: 20 } })),
    staleTime: 60_000,
  });

/** What belongs to one chat alone: few, so they are read whole. */
export const chatDocumentsQuery = (chat: string) =>
  queryOptions({ queryKey: ['documents', 'of chat', chat], queryFn: () => answer(api.GET('/api/documents', { params: { query: { chat, limit: PAGE } } })) });

export const assistantsQuery = queryOptions({
  queryKey: ['assistants'],
  queryFn: async () => (await answer(api.GET('/api/assistants'))).items,
  staleTime: 60_000,
});

export const ownPromptQuery = (assistant: string, tenant?: string) =>
  queryOptions({
    queryKey: ['own-prompt', assistant, tenant],
    queryFn: () => answer(api.GET('/api/assistants/prompt', { params: { query: { assistant, tenant } } })),
  });

/** One's own; of a record those about it. */
export const chatsQuery = (query: { tenant?: string; record?: string }) => paged(['chats', query], (cursor) => answer(api.GET('/api/chats', { params: { query: { ...query, limit: 50, cursor } } })));

export const chatQuery = (chat: string) => queryOptions({ queryKey: ['chat', chat], queryFn: () => answer(api.GET('/api/chats/{chat}', { params: { path: { chat } } })) });

/** So many messages are read at first, and so many more with each step back. */
export const MESSAGES = 40;

/** What is kept of a chat, from its end: the page after one holds what was said before it. */
export const messagesQuery = (chat: string) =>
  infiniteQueryOptions({
    queryKey: ['messages', chat],
    queryFn: ({ pageParam }): Promise<Page<MessageView>> =>
      answer(api.GET('/api/chats/{chat}/messages', { params: { path: { chat }, query: { from: 'end', limit: MESSAGES, count: true, cursor: pageParam } } })),
    initialPageParam: undefined as Next,
    getNextPageParam: (last: Page<MessageView>) => last.prev_cursor ?? undefined,
    select: inOrder,
  });

/** The oldest first, and how many there are in all. */
function inOrder({ pages }: { pages: Page<MessageView>[] }): { messages: MessageView[]; total: number } {
  return { messages: [...pages].reverse().flatMap((it) => it.items), total: pages[0]?.total ?? 0 };
}

export const runQuery = (run: string) => queryOptions({ queryKey: ['run', run], queryFn: () => answer(api.GET('/api/runs/{run}', { params: { path: { run } } })) });

/** One's own picture, as an address of this page: an image cannot carry a token. `at` changes with it. */
export const pictureQuery = (at: string) =>
  queryOptions({
    queryKey: ['picture', at],
    queryFn: async () => {
      const picture = await answer(api.GET('/api/me/picture', { parseAs: 'blob' }));
      return URL.createObjectURL(picture);
    },
    staleTime: Infinity,
  });

export interface JobsQuery {
  tenant?: string;
  state?: JobView['state'];
  kind?: string;
  record?: string;
}

export const jobsQuery = (query: JobsQuery) =>
  paged(['jobs', query], (cursor) => answer(api.GET('/api/jobs', { params: { query: { ...query, limit: PAGE, cursor } } })));

export const fewJobsQuery = (query: JobsQuery, limit: number) =>
  queryOptions({
    queryKey: ['jobs', 'few', query, limit],
    queryFn: () => answer(api.GET('/api/jobs', { params: { query: { ...query, limit } } })),
  });

export const jobQuery = (job: string) =>
  queryOptions({ queryKey: ['job', job], queryFn: () => answer(api.GET('/api/jobs/{job}', { params: { path: { job } } })) });

export interface AuditQuery {
  tenant?: string;
  record?: string;
  action?: string;
  actor?: string;
  from?: string;
  to?: string;
}

export const auditQuery = (query: AuditQuery) =>
  paged(['audit', query], (cursor) => answer(api.GET('/api/audit', { params: { query: { ...query, limit: PAGE, cursor } } })));

/** The names of the acts that happened lately, as a filter takes them. */
export const auditActionsQuery = (tenant?: string) =>
  queryOptions({
    queryKey: ['audit', 'actions', tenant],
    queryFn: async () => {
      const page = await answer(api.GET('/api/audit', { params: { query: { tenant, limit: 500 } } }));
      return [...new Set(page.items.map((it) => it.action))].sort();
    },
    staleTime: 60_000,
  });

export const fewAuditQuery = (query: AuditQuery, limit: number) =>
  queryOptions({
    queryKey: ['audit', 'few', query, limit],
    queryFn: () => answer(api.GET('/api/audit', { params: { query: { ...query, limit } } })),
  });

export interface Period {
  tenant?: string;
  from?: string;
  to?: string;
}

export interface UsageQuery extends Period {
  operation?: string;
  model?: string;
  outcome?: UsageOutcome;
  key?: string;
  task?: string;
}

export const usageQuery = (query: UsageQuery) =>
  paged(['usage', query], (cursor) => answer(api.GET('/api/usage', { params: { query: { ...query, limit: PAGE, cursor } } })));

export const usageSummaryQuery = (query: Period, group_by: UsageGroup) =>
  queryOptions({
    queryKey: ['usage', 'summary', query, group_by],
    queryFn: () => answer(api.GET('/api/usage/summary', { params: { query: { ...query, group_by } } })),
    placeholderData: keepPreviousData,
  });

/** Every attempt of one question. */
export const askedQuery = (asked: string) =>
  queryOptions({ queryKey: ['usage', 'asked', asked], queryFn: () => answer(api.GET('/api/usage', { params: { query: { asked, limit: 50 } } })) });

/** Health changes by itself; a page that nobody looks at asks nothing. */
export const modelsQuery = queryOptions({ queryKey: ['models'], queryFn: () => answer(api.GET('/api/models')), refetchInterval: 5_000 });
export const pricesQuery = queryOptions({ queryKey: ['models', 'prices'], queryFn: () => answer(api.GET('/api/models/prices')), staleTime: 60_000 });
export const modelLimitsQuery = queryOptions({ queryKey: ['models', 'limits'], queryFn: () => answer(api.GET('/api/models/limits')), refetchInterval: 2_000 });
export const modelQueueQuery = queryOptions({ queryKey: ['models', 'queue'], queryFn: () => answer(api.GET('/api/models/queue')), refetchInterval: 1_000 });

/** The names that can be asked for: priorities, aliases, and what the providers list. */
export const modelNamesQuery = (tenant?: string) =>
  queryOptions({
    queryKey: ['models', 'names', tenant],
    queryFn: async () => (await answer(api.GET('/llm/v1/models', { headers: onAccountOf(tenant) }))).data,
    staleTime: 60_000,
  });

export const budgetsQuery = queryOptions({ queryKey: ['budgets'], queryFn: () => answer(api.GET('/api/budgets')), refetchInterval: 10_000 });
export const budgetEventsQuery = queryOptions({
  queryKey: ['budgets', 'events'],
  queryFn: () => answer(api.GET('/api/budgets/events', { params: { query: { limit: 100 } } })),
});

export const usersQuery = (tenant?: string) =>
  queryOptions({ queryKey: ['users', tenant], queryFn: () => answer(api.GET('/api/users', { params: { query: { tenant, limit: 500 } } })) });

export const keysQuery = (tenant?: string) =>
  queryOptions({ queryKey: ['keys', tenant], queryFn: () => answer(api.GET('/api/keys', { params: { query: { tenant, limit: 500 } } })) });

/** The keys that sign access tokens, the one that signs first, and how old it may get. */
export const signingKeysQuery = queryOptions({
  queryKey: ['signing-keys'],
  queryFn: async () => {
    const told = await answer(api.GET('/api/signing-keys'));
    return { items: told.keys.toReversed(), maxAgeS: told.max_age_s };
  },
});

export const sessionsQuery = (user?: string) =>
  queryOptions({ queryKey: ['sessions', user], queryFn: () => answer(api.GET('/api/sessions', { params: { query: { user, limit: 500 } } })) });

export const webhooksQuery = (tenant?: string) =>
  queryOptions({ queryKey: ['webhooks', tenant], queryFn: () => answer(api.GET('/api/webhooks', { params: { query: { tenant, limit: 500 } } })) });

export const webhookQuery = (webhook: string) =>
  queryOptions({ queryKey: ['webhook', webhook], queryFn: () => answer(api.GET('/api/webhooks/{webhook}', { params: { path: { webhook } } })) });

export const deliveriesQuery = (webhook: string) =>
  paged(['deliveries', webhook], (cursor) =>
    answer(api.GET('/api/webhooks/{webhook}/deliveries', { params: { path: { webhook }, query: { limit: PAGE, cursor } } })),
  );

export const promptsQuery = queryOptions({
  queryKey: ['prompts'],
  queryFn: () => answer(api.GET('/api/prompts', { params: { query: { limit: 500 } } })),
});

export const logsQuery = (query: { level?: Lowercase<LogRecord['level']>; search?: string; limit: number }) =>
  queryOptions({ queryKey: ['logs', query], queryFn: () => answer(api.GET('/api/logs', { params: { query } })), placeholderData: keepPreviousData });
