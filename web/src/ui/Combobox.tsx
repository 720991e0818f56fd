import * as Popover from '@radix-ui/react-popover';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';

import type { Wiring } from './Field';
import { Icon } from './Icon';

export interface Option {
  id: string;
  label: string;
  note?: string;
}

interface Props extends Partial<Wiring> {
  label: string;
  value: string | null;
  /** What the value is called, when the caller knows. */
  shown?: string;
  placeholder: string;
  /** Says that none may be chosen, in these words. */
  none?: string;
  /** Names the lists, so that they are kept apart. */
  listKey: readonly unknown[];
  find: (text: string) => Promise<Option[]>;
  onChange: (option: Option | null) => void;
  disabled?: boolean;
}

/** Picks one of many by typing: the list is searched where it lives. */
export function Combobox({ label, value, shown, placeholder, none, listKey, find, onChange, disabled, ...wiring }: Props) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const listId = useId();
  const query = useQuery({
    queryKey: ['options', ...listKey, text],
    queryFn: () => find(text),
    enabled: open,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
  const found = query.data ?? [];
  const options: (Option | null)[] = none && !text ? [null, ...found] : found;

  const close = () => {
    setOpen(false);
    setText('');
    setActive(0);
  };
  const choose = (option: Option | null) => {
    onChange(option);
    close();
  };

  return (
    // Modal, or a list inside a dialog could not be scrolled with the wheel.
    <Popover.Root modal open={open} onOpenChange={(next) => (next ? setOpen(true) : close())}>
      <Popover.Trigger asChild>
        <button type="button" className="input combobox" disabled={disabled} aria-label={wiring.id ? undefined : `${label}: ${value ? (shown ?? value) : (none ?? placeholder)}`} {...wiring} aria-describedby={[wiring.id && `${listId}-value`, wiring['aria-describedby']].filter(Boolean).join(' ') || undefined} aria-required={undefined} aria-haspopup="listbox">
          <span id={`${listId}-value`} className={`cut grow ${value ? '' : 'quiet'}`}>{value ? (shown ?? value) : (none ?? placeholder)}</span>
          <Icon name="down" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="menu combobox__menu" align="start" sideOffset={4} collisionPadding={8} aria-label={label}>
          <input
            className="input"
            role="combobox"
            aria-label={`Find: ${label}`}
            aria-expanded="true"
            aria-controls={listId}
            aria-activedescendant={options.length > 0 ? `${listId}-${active}` : undefined}
            autoFocus
            placeholder="Type to find"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setActive(0);
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') setActive((it) => Math.min(it + 1, options.length - 1));
              else if (event.key === 'ArrowUp') setActive((it) => Math.max(it - 1, 0));
              else if (event.key === 'Enter') {
                const option = options[active];
                if (option !== undefined) choose(option);
              } else return;
              event.preventDefault();
            }}
          />
          <div id={listId} role="listbox" aria-label={label} className="combobox__list">
            {options.map((option, index) => (
              // Keys are handled in the text field, which keeps the focus.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events
              <div
                key={option?.id ?? ''}
                id={`${listId}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={(option?.id ?? null) === value}
                data-active={index === active}
                className="menu__item"
                onMouseMove={() => setActive(index)}
                onClick={() => choose(option)}
              >
                <span style={{ width: 16, display: 'inline-flex' }}>{(option?.id ?? null) === value && <Icon name="check" />}</span>
                <span className="grow cut">{option ? option.label : none}</span>
                {option?.note && <span className="quiet cut">{option.note}</span>}
              </div>
            ))}
            {options.length === 0 && <div className="menu__label">{query.isFetching ? 'Looking…' : query.isError ? 'The list could not be read.' : 'Nothing found.'}</div>}
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
