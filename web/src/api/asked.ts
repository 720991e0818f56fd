/** What the pages read of questions over data, of results of texts, and of how results went. */
import { queryOptions } from '@tanstack/react-query';

import { answer, api } from './client';
import { pause, readStream } from './live';
import { PAGE, paged } from './queries';
import type { ResultStanding, TurnView } from './types';

export const questionsQuery = queryOptions({ queryKey: ['questions'], queryFn: async () => (await answer(api.GET('/api/questions'))).items, staleTime: 300_000 });

export const initialQuestionsQuery = (questions: string, language: string) =>
  queryOptions({
    queryKey: ['questions', 'initial', questions, language],
    queryFn: () => answer(api.GET('/api/questions/initial', { params: { query: { questions, language } } })),
    staleTime: 300_000,
  });

export const conversationsQuery = (query: { tenant?: string; questions?: string }) =>
  paged(['conversations', query], (cursor) => answer(api.GET('/api/questions/conversations', { params: { query: { ...query, limit: 50, cursor } } })));

/** All that was asked in a conversation, the oldest first: they are short. */
export const turnsQuery = (conversation: string) =>
  queryOptions({
    queryKey: ['turns', conversation],
    queryFn: async () => {
      const all: TurnView[] = [];
      let cursor: string | undefined;
      do {
        const page = await answer(api.GET('/api/questions/conversations/{conversation}', { params: { path: { conversation }, query: { limit: PAGE, cursor } } }));
        all.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor);
      return all;
    },
  });

export const performanceQuery = (query: { tenant?: string; answered?: boolean }) =>
  paged(['question-performance', query], (cursor) => answer(api.GET('/api/questions/performance', { params: { query: { ...query, limit: PAGE, cursor } } })));

export interface ResultsQuery {
  tenant?: string;
  task?: string;
  of?: 'me' | 'all';
}

export const resultsQuery = (query: ResultsQuery) =>
  paged(['results', query], (cursor) => answer(api.GET('/api/results', { params: { query: { ...query, limit: PAGE, cursor } } })));

/** A result that is made. One that is not yet is refused (425): its standing says when it is. */
export const resultQuery = (result: string) =>
  queryOptions({ queryKey: ['result', result], queryFn: () => answer(api.GET('/api/results/{result}', { params: { path: { result } } })) });

export const standingQuery = (result: string) =>
  queryOptions({ queryKey: ['standing', result], queryFn: () => answer(api.GET('/api/results/{result}/status', { params: { path: { result } } })) });

export const resultRawQuery = (result: string) =>
  queryOptions({ queryKey: ['result', result, 'raw'], queryFn: () => answer(api.GET('/api/results/{result}/raw', { params: { path: { result } } })), retry: false });

export const debugQuery = (tenant?: string) => queryOptions({ queryKey: ['debug', tenant], queryFn: () => answer(api.GET('/api/debug', { params: { query: { tenant } } })) });

export const progressQuery = (query: { tenant?: string; progress?: string; of?: string; from?: string; to?: string }) =>
  queryOptions({ queryKey: ['progress', query], queryFn: () => answer(api.GET('/api/progress', { params: { query } })) });

/** Will nothing more come of it? */
export function isMade({ status }: Pick<ResultStanding, 'status'>): boolean {
  return status === 'completed' || status === 'failed';
}

/** Watches a result being made until it is, or until `stop` is called. A stream that ends early is opened anew. */
export function watchResult(result: string, take: (standing: ResultStanding) => void): () => void {
  const stopping = new AbortController();
  const loop = async () => {
    let isOver = false;
    let failures = 0;
    while (!isOver && !stopping.signal.aborted) {
      try {
        await readStream(`/api/results/${encodeURIComponent(result)}/events`, stopping.signal, {
          onOpen: () => (failures = 0),
          onEvent: ({ event, data }) => {
            if (event === 'end') isOver = /"gone"/.test(data);
            else {
              const standing = JSON.parse(data) as ResultStanding;
              isOver = isMade(standing);
              take(standing);
            }
          },
        });
      } catch {
        failures += 1;
      }
      if (!isOver) await pause(Math.min(30_000, 1_000 * 2 ** failures), stopping.signal);
    }
  };
  void loop();
  return () => stopping.abort();
}
