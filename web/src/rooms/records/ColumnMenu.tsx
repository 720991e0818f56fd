import { useState } from 'react';

import { Button } from '../../ui/Button';
import { Menu } from '../../ui/Menu';
import type { Column } from '../../ui/table/DataTable';

/** Which columns are hidden, remembered for each table in this browser. */
export function useHidden(table: string): [string[], (id: string) => void] {
  const key = `mainstay.hidden.${table}`;
  const [hidden, setHidden] = useState<string[]>(() => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? '[]') as string[];
    } catch {
      return [];
    }
  });
  const toggle = (id: string) => {
    const next = hidden.includes(id) ? hidden.filter((it) => it !== id) : [...hidden, id];
    setHidden(next);
    localStorage.setItem(key, JSON.stringify(next));
  };
  return [hidden, toggle];
}

export function ColumnMenu<T>({ columns, hidden, toggle }: { columns: Column<T>[]; hidden: string[]; toggle: (id: string) => void }) {
  return (
    <Menu
      label="Columns"
      trigger={
        <Button kind="plain" icon="columns">
          Columns
        </Button>
      }
      items={columns.map((it) => ({ label: it.label, checked: !hidden.includes(it.id), run: () => toggle(it.id) }))}
    />
  );
}
