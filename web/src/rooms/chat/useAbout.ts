import { useQuery } from '@tanstack/react-query';

import { assistantsQuery, recordQuery } from '../../api/queries';
import type { AssistantView, RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { askable, type Standing, standingOf } from './about';

/** The record that a chat is about, as far as it is known. */
export interface About {
  id: string;
  record: RecordView | undefined;
  standing: Standing;
  /** Why it could not be read. */
  error: unknown;
  retry: () => void;
}

/** None where a chat is about nothing in particular. */
export function useAbout(id: string | null): About | null {
  const query = useQuery({ ...recordQuery(id ?? ''), enabled: id !== null });
  if (id === null) return null;
  return { id, record: query.data, standing: standingOf(query.data, query.error), error: query.error, retry: () => void query.refetch() };
}

/** Who one may ask about records of this collection; undefined while that is not known. */
export function useAskable(collection: string): AssistantView[] | undefined {
  const { hasChat, can } = useHouse();
  const may = hasChat && can('read_records');
  const query = useQuery({ ...assistantsQuery, enabled: may });
  if (!may || query.isError) return [];
  return query.data && askable(query.data, collection);
}
