import type { ReactNode } from 'react';

import { readable } from '../api/description';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'accent' | 'plain';

export function Badge({ tone = 'plain', dot = false, children }: { tone?: Tone; dot?: boolean; children: ReactNode }) {
  return (
    <span className={`badge badge--${tone}`}>
      {dot && <span className={`dot dot--${tone}`} />}
      {children}
    </span>
  );
}

const TONES: Record<string, Tone> = {
  pending: 'plain',
  running: 'info',
  completed: 'good',
  failed: 'bad',
  cancelled: 'warn',
  accepted: 'good',
  rejected: 'bad',
  dismissed: 'plain',
  building: 'info',
  extracting: 'info',
  embedding: 'info',
  ready: 'plain',
  healthy: 'good',
  degraded: 'warn',
  unhealthy: 'bad',
  delivered: 'good',
  ok: 'good',
  failing: 'bad',
  invalid: 'bad',
  rate_limited: 'warn',
  refused: 'bad',
  unavailable: 'bad',
  timeout: 'bad',
  hung_up: 'bad',
  unreadable: 'bad',
  abandoned: 'warn',
  error: 'bad',
  warning: 'warn',
  warn: 'warn',
  info: 'info',
  active: 'good',
  disabled: 'warn',
  revoked: 'bad',
  expired: 'warn',
  queued: 'plain',
  processing: 'info',
  idle: 'plain',
  begun: 'good',
  busy: 'warn',
  missed: 'bad',
  paused: 'warn',
};

/** A state of anything, in its colour and always in words too. */
export function StateBadge({ state }: { state: string }) {
  return (
    <Badge tone={TONES[state] ?? 'plain'} dot>
      {readable(state)}
    </Badge>
  );
}
