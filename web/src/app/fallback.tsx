/** What stands where a page does not: while it loads, when it broke, when there is none. */
import { Link } from '@tanstack/react-router';

import { Empty, Skeleton } from '../ui/Empty';
import { ErrorNote } from '../ui/ErrorNote';
import { Page } from '../ui/Page';

export function Pending() {
  return (
    <div className="page" aria-busy="true">
      <Skeleton lines={6} />
    </div>
  );
}

export function Faulty({ error, reset }: { error: unknown; reset?: () => void }) {
  return (
    <div className="page">
      <h1>This page could not be shown</h1>
      <ErrorNote error={error} retry={reset} />
    </div>
  );
}

export function NotFound() {
  return (
    <Page title="Nothing here">
      <Empty icon="search" title="There is no page at this address" action={<Link to="/">Go to the overview</Link>}>
        It may have moved, or the address is mistyped.
      </Empty>
    </Page>
  );
}
