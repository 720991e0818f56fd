import type { ReactNode } from 'react';

import { Icon, type IconName } from './Icon';

const ICONS: Record<string, IconName> = { bad: 'warn', warn: 'warn', info: 'about', good: 'check', plain: 'about' };

/** Something the reader should know, where they look anyway. */
export function Note({ tone = 'plain', children, role }: { tone?: 'bad' | 'warn' | 'info' | 'good' | 'plain'; children: ReactNode; role?: 'alert' | 'status' }) {
  return (
    <div className={`note note--${tone}`} role={role}>
      <Icon name={ICONS[tone] ?? 'about'} />
      <div className="note__body">{children}</div>
    </div>
  );
}
