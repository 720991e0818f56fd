import type { ReactNode } from 'react';

interface Props {
  label: string;
  /** What it says while nothing is chosen. */
  none: string;
  options: readonly string[];
  /** What people call an option. */
  words: (option: string) => ReactNode;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** Narrows a list to one of several, or to none. What is chosen can be seen though it is none of them. */
export function Choice({ label, none, options, words, value, onChange }: Props) {
  return (
    <select className="input" aria-label={label} value={value ?? ''} onChange={(event) => onChange(event.target.value || undefined)}>
      <option value="">{none}</option>
      {options.map((it) => (
        <option key={it} value={it}>
          {words(it)}
        </option>
      ))}
      {value && !options.includes(value) && <option value={value}>{words(value)}</option>}
    </select>
  );
}
