import * as Radix from '@radix-ui/react-dropdown-menu';
import { Fragment, type ReactNode } from 'react';

import { Icon, type IconName } from './Icon';

export interface MenuItem {
  label: string;
  icon?: IconName;
  run: () => void;
  bad?: boolean;
  disabled?: boolean;
  checked?: boolean;
  /** A line above it. */
  apart?: boolean;
}

/** A button that opens a list of acts. */
export function Menu({ trigger, items, label }: { trigger: ReactNode; items: (MenuItem | false | null | undefined)[]; label?: string }) {
  const shown = items.filter((it): it is MenuItem => Boolean(it));
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="menu" align="end" sideOffset={4} collisionPadding={8} aria-label={label}>
          {shown.map((item) => (
            <Fragment key={item.label}>
              {item.apart && <Radix.Separator className="menu__line" />}
              {item.checked === undefined ? (
                <Radix.Item className={`menu__item ${item.bad ? 'menu__item--bad' : ''}`} disabled={item.disabled} onSelect={item.run}>
                  {item.icon && <Icon name={item.icon} />}
                  {item.label}
                </Radix.Item>
              ) : (
                <Radix.CheckboxItem
                  className="menu__item"
                  checked={item.checked}
                  disabled={item.disabled}
                  onSelect={(event) => {
                    event.preventDefault();
                    item.run();
                  }}
                >
                  <span style={{ width: 16, display: 'inline-flex' }}>{item.checked && <Icon name="check" />}</span>
                  {item.label}
                </Radix.CheckboxItem>
              )}
            </Fragment>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
