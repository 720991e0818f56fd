import type { ReactNode } from 'react';

import { Icon, type IconName } from './Icon';

/** A place with nothing in it yet: says what belongs here and what to do. */
export function Empty({ icon = 'file', title, children, action }: { icon?: IconName; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** Grey lines where text will be. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  return (
    <div className="stack" aria-hidden="true">
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} className="skeleton" style={{ width: `${92 - ((index * 23) % 48)}%` }} />
      ))}
    </div>
  );
}
