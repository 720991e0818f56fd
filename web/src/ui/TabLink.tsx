import { type LinkProps, useLinkProps } from '@tanstack/react-router';

import { useShown } from './shown';

interface Props {
  label: string;
  count?: number;
  link: Omit<LinkProps, 'children'>;
  isCurrent: boolean;
}

/**
 * A tab that stands in the address. A link of its own, since the router takes every tab without a name in
 * the address for the current one.
 */
export function TabLink({ label, count, link, isCurrent }: Props) {
  const props = useLinkProps({ ...link, replace: true });
  const shown = useShown(isCurrent);
  return (
    <a {...props} ref={shown} className="tab" aria-current={isCurrent ? 'page' : undefined}>
      {label}
      {count !== undefined && <span className="tab__count">{count}</span>}
    </a>
  );
}
