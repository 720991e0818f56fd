import { useEffect, useRef, useState } from 'react';

import { Icon } from './Icon';

/** A search box that waits until one stops typing. `/` jumps into it. */
export function SearchBox({ value, onChange, label, wait = 250 }: { value: string; onChange: (text: string) => void; label: string; wait?: number }) {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  // The address changed by itself (back, forward): the box follows it.
  if (value !== seen) {
    setSeen(value);
    setText(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);

  return (
    <div className="search">
      <Icon name="search" />
      <input
        className="input"
        type="search"
        data-search
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => {
          const typed = event.target.value;
          setText(typed);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => {
            setSeen(typed.trim());
            onChange(typed.trim());
          }, wait);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            clearTimeout(timer.current);
            onChange(text.trim());
          }
        }}
      />
    </div>
  );
}
