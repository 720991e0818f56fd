import { useId, useState } from 'react';

import { dayFault } from './days';

interface Props {
  label: string;
  /** `2026-11-30`; none while no day is chosen. */
  value: string | undefined;
  /** The first and the last day that may be chosen. */
  min?: string;
  max?: string;
  onChange: (day: string | undefined) => void;
}

/**
 * A day among others in a toolbar. It is told once it is whole: whoever types a year passes through
 * others, and none of them is meant.
 */
export function DayField({ label, value = '', min, max, onChange }: Props) {
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const [isOut, setOut] = useState(false);
  const shown = draft ?? value;
  const fault = isOut ? 'This is no day.' : dayFault(shown, min, max);
  return (
    <div className="day">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="date"
        className="input"
        min={min}
        max={max}
        value={shown}
        aria-invalid={fault ? true : undefined}
        aria-describedby={fault ? `${id}-fault` : undefined}
        onChange={({ target }) => {
          const day = target.value;
          // What was told comes back later, by way of the address: set to the old day until then, the browser
          // would forget how far somebody has typed.
          setDraft(day);
          setOut(target.validity.badInput);
          if (!target.validity.badInput && !dayFault(day, min, max)) onChange(day || undefined);
        }}
        onBlur={() => {
          // What is not whole was never told: what counts is shown.
          setDraft(null);
          setOut(false);
        }}
      />
      {fault && (
        <span className="field__fault" id={`${id}-fault`} role="status">
          {fault}
        </span>
      )}
    </div>
  );
}
