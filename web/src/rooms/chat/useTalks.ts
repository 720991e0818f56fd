import { useSyncExternalStore } from 'react';

import type { Live } from './answer';
import { talks } from './talks';

/** The answers that came or come while this page is open, newest last. */
export function useTalks(): Live[] {
  return useSyncExternalStore(talks.subscribe, () => talks.all);
}
