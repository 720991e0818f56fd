import type { ReactNode } from 'react';

export interface TabItem<T extends string> {
  id: T;
  label: string;
  count?: number;
}

/** Tabs whose panel is a part of the same page, like a form and its raw text. */
export function Tabs<T extends string>({ items, value, onChange, label, children }: { items: TabItem<T>[]; value: T; onChange: (id: T) => void; label: string; children: ReactNode }) {
  // An id has no spaces: what names one as its panel would name several.
  const name = label.replace(/\W+/g, '-');
  const move = (step: number) => {
    const index = items.findIndex((it) => it.id === value);
    const next = items[(index + step + items.length) % items.length];
    if (!next) return;
    onChange(next.id);
    document.getElementById(`tab-${name}-${next.id}`)?.focus();
  };
  return (
    <>
      <div className="tabs" role="tablist" aria-label={label}>
        {items.map((it) => (
          <button
            key={it.id}
            id={`tab-${name}-${it.id}`}
            type="button"
            role="tab"
            className="tab"
            aria-selected={it.id === value}
            aria-controls={`panel-${name}`}
            tabIndex={it.id === value ? 0 : -1}
            onClick={() => onChange(it.id)}
            onKeyDown={(event) => {
              if (event.key === 'ArrowRight') move(1);
              if (event.key === 'ArrowLeft') move(-1);
            }}
          >
            {it.label}
            {it.count !== undefined && <span className="tab__count">{it.count}</span>}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`panel-${name}`} aria-labelledby={`tab-${name}-${value}`} style={{ paddingTop: 12 }}>
        {children}
      </div>
    </>
  );
}
