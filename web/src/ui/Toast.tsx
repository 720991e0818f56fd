import { type ReactNode, useSyncExternalStore } from 'react';

import { asFault } from '../api/problem';
import { IconButton } from './Button';

interface Shown {
  id: number;
  tone: 'plain' | 'good' | 'bad';
  text: ReactNode;
}

let shown: Shown[] = [];
let nextId = 1;
let spoken = '';
const listeners = new Set<() => void>();

/** Says something in passing: shown in the corner, read out by a screen reader. */
export function toast(text: ReactNode, tone: Shown['tone'] = 'plain'): void {
  const id = nextId++;
  shown = [...shown.slice(-3), { id, tone, text }];
  tell();
  setTimeout(() => dismiss(id), tone === 'bad' ? 12_000 : 6_000);
}

/** A failed act that has no other place to say so. */
export function toastFault(thrown: unknown): void {
  const { problem } = asFault(thrown);
  toast(
    <>
      <strong>{problem.title}</strong>
      {problem.detail && <p className="soft">{problem.detail}</p>}
    </>,
    'bad',
  );
}

/** Read out only: for what eyes see anyway. */
export function announce(text: string): void {
  spoken = text;
  tell();
}

export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, () => shown);
  const words = useSyncExternalStore(subscribe, () => spoken);
  return (
    <>
      <div className="unseen" role="status" aria-live="polite">
        {words}
      </div>
      <div className="toasts" role="region" aria-label="Messages" aria-live="polite">
        {toasts.map((it) => (
          <div key={it.id} className={`toast toast--${it.tone}`}>
            <div className="grow wrap">{it.text}</div>
            <IconButton icon="close" label="Dismiss" small onClick={() => dismiss(it.id)} />
          </div>
        ))}
      </div>
    </>
  );
}

function dismiss(id: number): void {
  shown = shown.filter((it) => it.id !== id);
  tell();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(): void {
  for (const it of listeners) it();
}
