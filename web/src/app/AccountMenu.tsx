import { useNavigate } from '@tanstack/react-router';

import { answer, api } from '../api/client';
import { session } from '../api/session';
import { IconButton } from '../ui/Button';
import type { IconName } from '../ui/Icon';
import { Menu } from '../ui/Menu';
import { useShortcutHelp } from '../ui/Shortcuts';
import { toastFault } from '../ui/Toast';
import { useHouse } from './house';
import { setTheme, type Theme, useTheme } from './theme';

const THEMES: Record<Theme, { icon: IconName; label: string; next: Theme }> = {
  system: { icon: 'screen', label: 'Colours: as the system says', next: 'light' },
  light: { icon: 'sun', label: 'Colours: light', next: 'dark' },
  dark: { icon: 'moon', label: 'Colours: dark', next: 'system' },
};

export function AccountMenu() {
  const { me } = useHouse();
  const navigate = useNavigate();
  const help = useShortcutHelp();
  const theme = THEMES[useTheme()];
  const name = me.name || (me.username ?? me.email ?? me.id);
  return (
    <div className="row" style={{ gap: 2, flexWrap: 'nowrap' }}>
      <IconButton icon={theme.icon} label={theme.label} onClick={() => setTheme(theme.next)} />
      <Menu
        label="Account"
        trigger={<IconButton icon="person" label={`Account of ${name}`} />}
        items={[
          { label: name, icon: 'person', run: () => void navigate({ to: '/account' }) },
          { label: 'Sessions', icon: 'screen', run: () => void navigate({ to: '/sessions' }) },
          { label: 'Keyboard shortcuts', icon: 'keyboard', run: () => setTimeout(help) },
          { label: 'Sign out', icon: 'out', apart: true, run: () => void signOut() },
          { label: 'Sign out everywhere', icon: 'out', bad: true, run: () => void signOutEverywhere(me.id) },
        ]}
      />
    </div>
  );
}

/** The server ends the session if it can be reached; here it ends in any case. */
export async function signOut(): Promise<void> {
  try {
    await answer(api.POST('/api/auth/logout'));
  } catch {
    // An unreachable server keeps the session until it runs out. Who signs out must be out here at once.
  } finally {
    session.forget();
  }
}

/** Ends all other sessions first: without this one nothing could be ended. */
export async function signOutEverywhere(user: string): Promise<void> {
  try {
    const { items } = await answer(api.GET('/api/sessions', { params: { query: { user, limit: 500 } } }));
    await Promise.all(items.filter((it) => !it.is_current).map((it) => answer(api.DELETE('/api/sessions/{session}', { params: { path: { session: it.id } } }))));
    await signOut();
  } catch (thrown) {
    toastFault(thrown);
  }
}
