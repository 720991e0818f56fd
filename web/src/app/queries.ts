/** The cache of what was read. Passing faults are tried again; refusals are not. */
import { QueryClient } from '@tanstack/react-query';

import { asFault } from '../api/problem';
import { session } from '../api/session';

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      gcTime: 300_000,
      retry: (failures, thrown) => failures < 2 && asFault(thrown).passing,
      retryDelay: (failures, thrown) => (asFault(thrown).retryAfter ?? 2 ** failures) * 1000,
    },
    mutations: { retry: false },
  },
});

// What one person read is not for the next one at this browser.
let wasSignedIn = session.isSignedIn;
session.subscribe(() => {
  if (wasSignedIn && !session.isSignedIn) queries.clear();
  wasSignedIn = session.isSignedIn;
});
