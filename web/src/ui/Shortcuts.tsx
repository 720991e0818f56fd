import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';

import { Dialog } from './Dialog';
import { Matcher, type Shortcut, spelled } from './shortcuts';

interface Registry {
  add: (shortcuts: Shortcut[]) => () => void;
  showHelp: () => void;
}

const Context = createContext<Registry | null>(null);

const isMac = /mac|iphone|ipad/i.test(navigator.userAgent);

/** Listens once for the whole page; pages add theirs while they are shown. */
export function ShortcutsProvider({ children }: { children: ReactNode }) {
  const layers = useRef<Shortcut[][]>([]);
  const [help, setHelp] = useState<Shortcut[] | null>(null);

  const registry = useMemo<Registry>(
    () => ({
      add: (shortcuts) => {
        layers.current.push(shortcuts);
        return () => {
          layers.current = layers.current.filter((it) => it !== shortcuts);
        };
      },
      showHelp: () => setHelp(layers.current.flat()),
    }),
    [],
  );

  useEffect(() => {
    const matcher = new Matcher();
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      // The page below an open dialog rests; Escape and Tab are the dialog's.
      if (document.querySelector('[role="dialog"], [role="menu"]')) return;
      const all = [...layers.current].reverse().flat();
      const found = matcher.match(event, [...all, { keys: '?', about: 'Show the shortcuts', run: registry.showHelp }], event.timeStamp);
      if (!found) return;
      const owns = event.target instanceof HTMLElement && event.target.matches('a, button, input, summary');
      if (owns && (event.key === 'Enter' || event.key === ' ')) return;
      event.preventDefault();
      found.run();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [registry]);

  return (
    <Context value={registry}>
      {children}
      <ShortcutHelp shortcuts={help} onClose={() => setHelp(null)} />
    </Context>
  );
}

/** Adds shortcuts while the component is shown. The list may be new at each render. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const registry = useContext(Context);
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  const keys = shortcuts.map((it) => it.keys).join('|');
  useEffect(() => {
    if (!registry) return undefined;
    return registry.add(latest.current.map((it) => ({ ...it, run: () => latest.current.find((now) => now.keys === it.keys)?.run() })));
  }, [registry, keys]);
}

export function useShortcutHelp(): () => void {
  const registry = useContext(Context);
  return () => registry?.showHelp();
}

export function Keys({ keys }: { keys: string }) {
  return (
    <span className="row" style={{ gap: 3, flexWrap: 'nowrap' }}>
      {spelled(keys, isMac).map((it, index) => (
        <kbd key={index} className="kbd">
          {it}
        </kbd>
      ))}
    </span>
  );
}

function ShortcutHelp({ shortcuts, onClose }: { shortcuts: Shortcut[] | null; onClose: () => void }) {
  const groups = new Map<string, Shortcut[]>();
  for (const it of shortcuts ?? []) {
    const name = it.group ?? 'This page';
    groups.set(name, [...(groups.get(name) ?? []), it]);
  }
  return (
    <Dialog open={shortcuts !== null} onClose={onClose} title="Keyboard shortcuts">
      <div className="stack stack--wide">
        {[...groups].reverse().map(([name, list]) => (
          <section key={name} className="stack" style={{ gap: 6 }}>
            <h3 className="quiet">{name}</h3>
            {list.map((it) => (
              <div key={it.keys} className="row row--between">
                <span>{it.about}</span>
                <Keys keys={it.keys} />
              </div>
            ))}
          </section>
        ))}
      </div>
    </Dialog>
  );
}
