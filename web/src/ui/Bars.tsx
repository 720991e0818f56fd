import type { ReactNode } from 'react';

interface Row {
  key: string;
  /** What is shown for it; its key when left out. */
  name?: ReactNode;
  value: number;
  text: string;
}

/** A few values side by side, with their words. */
export function Bars({ rows, label }: { rows: Row[]; label: string }) {
  const most = Math.max(...rows.map((it) => it.value), 0);
  return (
    <ul className="bars" aria-label={label}>
      {rows.map((it) => (
        <li key={it.key} className="bar">
          <span className="cut" title={it.key}>
            {it.name ?? it.key}
          </span>
          <span>{it.value > 0 && <span className="bar__fill" style={{ display: 'block', width: `${(it.value / most) * 100}%` }} />}</span>
          <span className="number soft">{it.text}</span>
        </li>
      ))}
    </ul>
  );
}
