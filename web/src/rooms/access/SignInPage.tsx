import { useMutation } from '@tanstack/react-query';
import { getRouteApi, useNavigate, useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { answer, api } from '../../api/client';
import { asFault } from '../../api/problem';
import { session } from '../../api/session';
import { Button } from '../../ui/Button';
import { useCountdown } from '../../ui/countdown';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { Note } from '../../ui/Note';
import './access.css';

const route = getRouteApi('/sign-in');

export default function SignInPage() {
  const { next } = route.useSearch();
  const navigate = useNavigate();
  const router = useRouter();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [wait, startWaiting] = useCountdown();
  const first = useRef<HTMLInputElement>(null);
  const signIn = useMutation({
    mutationFn: () => answer(api.POST('/api/auth/login', { body: { email: email.trim(), password } })),
    onSuccess: (tokens) => {
      session.keep(tokens);
      // Only a path of this page: an address from elsewhere must not lead elsewhere.
      if (next?.startsWith('/') && !next.startsWith('//')) router.history.replace(next);
      else void navigate({ to: '/', replace: true });
    },
    // A password is typed again when it was wrong, not when the server was busy.
    onError: (error) => {
      const { status, retryAfter } = asFault(error);
      if (status === 401) setPassword('');
      if (status === 429 && retryAfter) startWaiting(retryAfter);
    },
  });
  const fault = signIn.error && asFault(signIn.error);
  const mustWait = fault?.status === 429 && fault.retryAfter !== null;
  useEffect(() => {
    document.title = 'Sign in · Mainstay';
    first.current?.focus();
  }, []);

  return (
    <main className="door">
      <form
        className="card door__card"
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate();
        }}
      >
        <svg viewBox="0 0 32 32" width="40" height="40" aria-hidden="true">
          <rect width="32" height="32" rx="7" fill="var(--accent)" />
          <path d="M16 5v22M16 5 6 24h20L16 5" fill="none" stroke="var(--on-accent)" strokeWidth="2.4" strokeLinejoin="round" strokeLinecap="round" />
        </svg>
        <h1>Sign in</h1>
        {next && <p className="quiet">You are brought back to where you were.</p>}
        <Field label="E-mail">
          {(wiring) => <input {...wiring} ref={first} className="input" type="email" name="email" autoComplete="username" required value={email} onChange={(event) => setEmail(event.target.value)} />}
        </Field>
        <Field label="Password">
          {(wiring) => <input {...wiring} className="input" type="password" name="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />}
        </Field>
        {!mustWait && <ErrorNote error={fault} />}
        {wait > 0 && (
          <Note tone="warn">
            <strong role="alert">Too many sign-ins</strong>
            <p>
              What you typed stays. It can be sent again in <span role="timer">{wait} s</span>.
            </p>
          </Note>
        )}
        <Button kind="main" type="submit" busy={signIn.isPending} disabled={!email.trim() || !password || wait > 0}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
