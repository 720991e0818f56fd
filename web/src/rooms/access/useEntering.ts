import { useNavigate, useRouter } from '@tanstack/react-router';

import { session } from '../../api/session';
import type { Tokens } from '../../api/types';

/** Keeps the session, and goes to where one wanted to go. */
export function useEntering(next: string | undefined): (tokens: Tokens) => void {
  const navigate = useNavigate();
  const router = useRouter();
  return (tokens) => {
    session.keep(tokens);
    // Only a path of this page: an address from elsewhere must not lead elsewhere.
    if (next?.startsWith('/') && !next.startsWith('//')) router.history.replace(next);
    else void navigate({ to: '/', replace: true });
  };
}
