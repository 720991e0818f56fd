/** The frame around every room: navigation at the side, where one is at the top, the room itself. */
import * as Dialog from '@radix-ui/react-dialog';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';

import { appQuery, meQuery } from '../api/queries';
import { Button, IconButton } from '../ui/Button';
import { ErrorNote } from '../ui/ErrorNote';
import { Icon } from '../ui/Icon';
import { Keys, useShortcuts } from '../ui/Shortcuts';
import { AccountMenu } from './AccountMenu';
import { Crumbs } from './Crumbs';
import { Pending } from './fallback';
import { HouseContext, useHouse } from './house';
import { useLiveJobs } from './jobs';
import { Navigation } from './Navigation';
import { Palette } from './Palette';

export default function Shell() {
  const app = useQuery(appQuery);
  const me = useQuery(meQuery);
  const live = useLiveJobs(me.data?.permissions.includes('read_jobs') ?? false);
  const house = useMemo(() => (app.data && me.data ? { app: app.data, me: me.data, live } : null), [app.data, me.data, live]);

  const error = app.error ?? me.error;
  if (error && !house) {
    return (
      <main className="page">
        <h1>The server does not answer as expected</h1>
        <ErrorNote
          error={error}
          retry={() => {
            void app.refetch();
            void me.refetch();
          }}
        />
      </main>
    );
  }
  if (!house) return <Pending />;
  return (
    <HouseContext value={house}>
      <Frame title={house.app.title} />
    </HouseContext>
  );
}

function Frame({ title }: { title: string }) {
  const navigate = useNavigate();
  const house = useHouse();
  const { pathname } = useLocation();
  const [palette, setPalette] = useState(false);
  const [drawer, setDrawer] = useState(false);
  const [seen, setSeen] = useState(pathname);
  if (seen !== pathname) {
    setSeen(pathname);
    setDrawer(false);
  }

  useEffect(() => {
    const meta = document.querySelector<HTMLMetaElement>('meta[name="application-name"]') ?? document.head.appendChild(Object.assign(document.createElement('meta'), { name: 'application-name' }));
    meta.content = title;
  }, [title]);

  useShortcuts([
    { keys: 'mod+k', about: 'Go anywhere', group: 'Everywhere', run: () => setPalette(true) },
    { keys: '/', about: 'Search on this page', group: 'Everywhere', run: () => document.querySelector<HTMLElement>('#main [data-search]')?.focus() },
    { keys: 'g o', about: 'Overview', group: 'Go to', run: () => void navigate({ to: '/' }) },
    ...(house.hasChat ? [{ keys: 'g c', about: 'Chat', group: 'Go to', run: () => void navigate({ to: '/chat/{-$chat}', params: { chat: undefined } }) }] : []),
    { keys: 'g s', about: 'Search', group: 'Go to', run: () => void navigate({ to: '/find' }) },
    { keys: 'g j', about: 'Jobs', group: 'Go to', run: () => void navigate({ to: '/jobs' }) },
    { keys: 'g m', about: 'Models', group: 'Go to', run: () => void navigate({ to: '/models' }) },
    { keys: 'g u', about: 'Usage', group: 'Go to', run: () => void navigate({ to: '/usage' }) },
    { keys: 'g a', about: 'Audit', group: 'Go to', run: () => void navigate({ to: '/audit' }) },
  ]);

  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <aside className="side">
        <Navigation />
      </aside>
      <Dialog.Root open={drawer} onOpenChange={setDrawer}>
        <Dialog.Portal>
          <Dialog.Overlay className="veil" />
          <Dialog.Content className="drawer" aria-describedby={undefined}>
            <Dialog.Title className="unseen">Navigation</Dialog.Title>
            <Navigation />
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
      <header className="top">
        <IconButton icon="menu" label="Open the navigation" className="top__menu" onClick={() => setDrawer(true)} />
        <Crumbs />
        <Button className="top__find" onClick={() => setPalette(true)}>
          <Icon name="search" />
          <span className="top__find-text">Go to…</span>
          <Keys keys="mod+k" />
        </Button>
        <AccountMenu />
      </header>
      <main id="main" className="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Palette open={palette} onClose={() => setPalette(false)} />
    </div>
  );
}
