/** Ctrl+K: jump to a page, a tenant or a record by typing a few letters. */
import * as Radix from '@radix-ui/react-dialog';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type LinkProps, useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useRef, useState } from 'react';

import { capital, shelves, textOf, titleOf } from '../api/description';
import { answer, api } from '../api/client';
import { Icon, type IconName } from '../ui/Icon';
import { type HouseTools, useHouse } from './house';
import { usePlaces } from './Navigation';
import { setTheme } from './theme';

interface Goal {
  id: string;
  group: string;
  label: string;
  note?: string;
  icon: IconName;
  go: () => void;
}

export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content className="dialog palette" aria-describedby={undefined}>
          <Radix.Title className="unseen">Go anywhere</Radix.Title>
          <Goals onClose={onClose} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Goals({ onClose }: { onClose: () => void }) {
  const house = useHouse();
  const navigate = useNavigate();
  const places = usePlaces();
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const words = text.trim();
  const wanted = useLater(words, 160);

  const to = (link: LinkProps) => void navigate(link);
  const fixed: Goal[] = [
    ...places.flatMap((group) => group.places.map((it) => ({ id: it.label, group: 'Pages', label: it.label, icon: it.icon, go: () => to(it.link) }))),
    { id: 'light', group: 'Acts', label: 'Light colours', icon: 'sun', go: () => setTheme('light') },
    { id: 'dark', group: 'Acts', label: 'Dark colours', icon: 'moon', go: () => setTheme('dark') },
  ];
  const found = useQuery({
    queryKey: ['palette', wanted, house.tenant],
    queryFn: () => findGoals(wanted, house, to),
    enabled: wanted.length > 1,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
  const goals = [...fixed.filter((it) => fits(it.label, words)), ...(words.length > 1 ? (found.data ?? []) : [])];
  const chosen = Math.min(active, goals.length - 1);

  useEffect(() => {
    list.current?.querySelector('[data-active="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);

  const run = (goal: Goal | undefined) => {
    if (!goal) return;
    onClose();
    goal.go();
  };

  return (
    <>
      <div className="palette__field">
        <Icon name="search" />
        <input
          className="palette__input"
          role="combobox"
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={goals.length > 0 ? `${id}-${chosen}` : undefined}
          aria-label="Go to a page or a record"
          placeholder="Type the name of a page or a record"
          autoFocus
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setActive(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') setActive(Math.min(chosen + 1, goals.length - 1));
            else if (event.key === 'ArrowUp') setActive(Math.max(chosen - 1, 0));
            else if (event.key === 'Enter') run(goals[chosen]);
            else return;
            event.preventDefault();
          }}
        />
        {found.isFetching && <span className="spinner" aria-hidden="true" />}
      </div>
      <div ref={list} id={id} role="listbox" aria-label="Places" className="palette__list">
        {goals.map((goal, index) => (
          <div key={goal.group + goal.id} role="presentation">
            {goals[index - 1]?.group !== goal.group && (
              <div className="menu__label" role="presentation">
                {goal.group}
              </div>
            )}
            {/* Keys are handled in the text field, which keeps the focus. */}
            {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events */}
            <div
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              data-active={index === chosen}
              className="menu__item"
              onMouseMove={() => setActive(index)}
              onClick={() => run(goal)}
            >
              <Icon name={goal.icon} />
              <span className="cut">{goal.label}</span>
              {goal.note && <span className="quiet cut grow">{goal.note}</span>}
            </div>
          </div>
        ))}
        {goals.length === 0 && <div className="menu__label">{found.isFetching ? 'Looking…' : 'Nothing has this name.'}</div>}
      </div>
    </>
  );
}

async function findGoals(search: string, { app, me, tenant }: HouseTools, to: (link: LinkProps) => void): Promise<Goal[]> {
  const tenants =
    app.tenants && me.reaches === 'all'
      ? answer(api.GET('/api/tenants', { params: { query: { search, limit: 5 } } })).then((page) =>
          page.items.map((it): Goal => ({ id: it.id, group: capital(app.tenants?.plural ?? ''), label: it.name, note: it.slug, icon: 'building', go: () => to({ to: '/tenants/$id', params: { id: it.id } }) })),
        )
      : [];
  const records = shelves(app).map(({ name, view, title }) =>
    answer(api.GET('/api/collections/{collection}', { params: { path: { collection: name }, query: { search, limit: 5, tenant: view.shared ? undefined : tenant } } })).then((page) =>
      page.items.map((it): Goal => ({
        id: it.id,
        group: title,
        label: titleOf(view, it),
        note: textOf(it.data[view.columns.find((column) => column !== view.title) ?? '']),
        icon: view.versioned ? 'book' : 'file',
        go: () => to({ to: '/records/$record', params: { record: it.id } }),
      })),
    ),
  );
  // One list that may not be read must not hide the others.
  const lists = await Promise.allSettled([tenants, ...records]);
  return lists.flatMap((it) => (it.status === 'fulfilled' ? it.value : []));
}

/** Do the letters occur in this order? */
function fits(label: string, letters: string): boolean {
  let at = 0;
  const lower = label.toLowerCase();
  for (const letter of letters.toLowerCase().replace(/\s+/g, '')) {
    at = lower.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** A value once it has stood still. */
function useLater(value: string, ms: number): string {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return later;
}
