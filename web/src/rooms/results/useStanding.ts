import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import { isMade, standingQuery, watchResult } from '../../api/asked';
import { announce } from '../../ui/Toast';

/** Where a result stands, told by its own stream while it is made, and asked for now and then in case that is lost. */
export function useStanding(result: string) {
  const client = useQueryClient();
  const query = useQuery({ ...standingQuery(result), refetchInterval: ({ state }) => (state.data && !isMade(state.data) ? 5_000 : false) });
  const isOpen = query.data !== undefined && !isMade(query.data);
  useEffect(() => {
    if (!isOpen) return undefined;
    return watchResult(result, (standing) => {
      client.setQueryData(standingQuery(result).queryKey, standing);
      if (isMade(standing)) {
        announce(standing.status === 'completed' ? 'The result is there.' : 'No result could be made.');
        for (const key of ['results', 'progress']) void client.invalidateQueries({ queryKey: [key] });
      }
    });
  }, [client, result, isOpen]);
  return query;
}
