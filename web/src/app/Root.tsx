import { Outlet, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import { session } from '../api/session';
import { ShortcutsProvider } from '../ui/Shortcuts';
import { Toasts } from '../ui/Toast';
import { router } from './router';

/** Around every page, signed in or not. */
export function Root() {
  const navigate = useNavigate();

  // The session ended here, in another tab, or on the server: back to the door, and afterwards back to the page.
  useEffect(
    () =>
      session.subscribe(() => {
        const { pathname, href } = router.state.location;
        if (!session.isSignedIn && pathname !== '/sign-in') void navigate({ to: '/sign-in', search: pathname === '/' ? {} : { next: href } });
      }),
    [navigate],
  );

  return (
    <ShortcutsProvider>
      <Outlet />
      <Toasts />
    </ShortcutsProvider>
  );
}
