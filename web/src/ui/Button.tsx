import type { ButtonHTMLAttributes, ReactNode } from 'react';

import { Icon, type IconName } from './Icon';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: 'main' | 'plain' | 'bad' | 'solid';
  small?: boolean;
  icon?: IconName;
  /** Shows that it is at work, and takes no second press. */
  busy?: boolean;
  children?: ReactNode;
}

export function Button({ kind, small, icon, busy = false, children, className = '', disabled, ...rest }: Props) {
  return (
    <button
      type="button"
      className={`button ${kind ? `button--${kind}` : ''} ${small ? 'button--small' : ''} ${className}`}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button with a drawing only: its label is read out and shown as a tip. */
export function IconButton({ icon, label, small, kind = 'plain', className = '', ...rest }: Omit<Props, 'children'> & { icon: IconName; label: string }) {
  return (
    <Button kind={kind} small={small} className={`button--icon ${className}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </Button>
  );
}
