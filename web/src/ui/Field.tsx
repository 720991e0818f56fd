import { type ReactNode, useId } from 'react';

export interface FieldProps {
  label: string;
  required?: boolean;
  hint?: ReactNode;
  fault?: string;
  /** For a field among fields that name themselves, as in a toolbar. */
  hideLabel?: boolean;
  children: (wiring: Wiring) => ReactNode;
}

/** What ties a control to its label, its hint and its fault. */
export interface Wiring {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
  'aria-required': boolean | undefined;
}

export function Field({ label, required = false, hint, fault, hideLabel = false, children }: FieldProps) {
  const id = useId();
  const described = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id} className={hideLabel ? 'unseen' : 'field__label'}>
        {label}
        {required && (
          <span className="field__must" aria-hidden="true">
            {' '}
            *
          </span>
        )}
      </label>
      {children({
        id,
        'aria-describedby': described || undefined,
        'aria-invalid': fault ? true : undefined,
        'aria-required': required || undefined,
      })}
      {fault && (
        <span className="field__fault" id={`${id}-fault`}>
          {fault}
        </span>
      )}
      {hint && (
        <span className="field__hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}
