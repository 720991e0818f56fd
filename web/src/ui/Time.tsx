import { useSyncExternalStore } from 'react';

import { ago, moment } from './format';

/** When something happened: how long ago, and the exact time as a tip. */
export function Time({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
  const now = useNow();
  if (!at) return <span className="quiet">never</span>;
  return (
    <time dateTime={at} title={moment(at)}>
      {exact ? moment(at) : ago(at, now)}
    </time>
  );
}

/** One clock for all times on the page, so that they tick together. */
const listeners = new Set<() => void>();
let current = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    current = Date.now();
    for (const it of listeners) it();
  }, 10_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => current);
}
