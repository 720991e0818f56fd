import { useCallback, useEffect, useState } from 'react';

/** Seconds, counted down by the clock: a page that slept meanwhile does not wait longer. `start` begins anew. */
export function useCountdown(): [left: number, start: (seconds: number) => void] {
  const [until, setUntil] = useState<number | null>(null);
  const [left, setLeft] = useState(0);
  const start = useCallback((seconds: number) => {
    setUntil(Date.now() + seconds * 1000);
    setLeft(Math.ceil(seconds));
  }, []);
  useEffect(() => {
    if (until === null) return undefined;
    const timer = setInterval(() => {
      const now = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      setLeft(now);
      if (now === 0) setUntil(null);
    }, 250);
    return () => clearInterval(timer);
  }, [until]);
  return [left, start];
}
