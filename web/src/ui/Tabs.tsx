import type { KeyboardEvent, ReactNode } from 'react';

import { useShown } from './shown';

export interface TabItem<T extends string> {
  id: T;
  label: string;
  count?: number;
}

/** Where the keys of a row of tabs lead, round and round. */
const MOVES: Record<string, (index: number, count: number) => number> = {
  ArrowRight: (index, count) => (index + 1) % count,
  ArrowLeft: (index, count) => (index - 1 + count) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** Tabs whose panel is a part of the same page, like a form and its raw text. */
export function Tabs<T extends string>({ items, value, onChange, label, children }: { items: TabItem<T>[]; value: T; onChange: (id: T) => void; label: string; children: ReactNode }) {
  // An id has no spaces: what names one as its panel would name several.
  const name = label.replace(/\W+/g, '-');
  const move = (to: number) => {
    const next = items[to];
    if (!next) return;
    onChange(next.id);
    document.getElementById(`tab-${name}-${next.id}`)?.focus();
  };
  return (
    <>
      <div className="tabs" role="tablist" aria-label={label}>
        {items.map((it, index) => (
          <TabButton
            key={it.id}
            item={it}
            id={`tab-${name}-${it.id}`}
            panel={`panel-${name}`}
            isChosen={it.id === value}
            onChoose={() => onChange(it.id)}
            onKeyDown={(event) => {
              const go = MOVES[event.key];
              if (!go) return;
              event.preventDefault();
              move(go(index, items.length));
            }}
          />
        ))}
      </div>
      <div role="tabpanel" id={`panel-${name}`} aria-labelledby={`tab-${name}-${value}`} style={{ paddingTop: 12 }}>
        {children}
      </div>
    </>
  );
}

interface TabProps {
  item: TabItem<string>;
  id: string;
  panel: string;
  isChosen: boolean;
  onChoose: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

function TabButton({ item, id, panel, isChosen, onChoose, onKeyDown }: TabProps) {
  const shown = useShown(isChosen);
  return (
    <button ref={shown} id={id} type="button" role="tab" className="tab" aria-selected={isChosen} aria-controls={panel} tabIndex={isChosen ? 0 : -1} onClick={onChoose} onKeyDown={onKeyDown}>
      {item.label}
      {item.count !== undefined && <span className="tab__count">{item.count}</span>}
    </button>
  );
}
