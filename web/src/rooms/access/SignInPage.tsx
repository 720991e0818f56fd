import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { answer, api } from '../../api/client';
import { asFault } from '../../api/problem';
import { appQuery } from '../../api/queries';
import { Button } from '../../ui/Button';
import { useCountdown } from '../../ui/countdown';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { Note } from '../../ui/Note';
import { Door } from './Door';
import { useEntering } from './useEntering';

const route = getRouteApi('/sign-in');

export default function SignInPage() {
  const { next } = route.useSearch();
  const app = useQuery(appQuery);
  const enter = useEntering(next);
  const [whom, setWhom] = useState('');
  const [password, setPassword] = useState('');
  const [wait, startWaiting] = useCountdown();
  const hasNames = app.data?.sign_in === 'username';
  const first = useRef<HTMLInputElement>(null);
  const signIn = useMutation({
    mutationFn: () => answer(api.POST('/api/auth/login', { body: { ...(hasNames ? { username: whom.trim() } : { email: whom.trim() }), password } })),
    onSuccess: enter,
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
    <Door title="Sign in" onSubmit={() => signIn.mutate()}>
      {next && <p className="quiet">You are brought back to where you were.</p>}
      <Field label={hasNames ? 'Name or e-mail' : 'E-mail'}>
        {(wiring) => <input {...wiring} ref={first} className="input" type={hasNames ? 'text' : 'email'} name={hasNames ? 'username' : 'email'} autoComplete="username" autoCapitalize="none" spellCheck={false} required value={whom} onChange={(event) => setWhom(event.target.value)} />}
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
      <Button kind="main" type="submit" busy={signIn.isPending} disabled={!whom.trim() || !password || wait > 0}>
        Sign in
      </Button>
      {app.data?.sign_up && (
        <p className="soft">
          You are new here?{' '}
          <Link to="/sign-up" search={next ? { next } : {}} className="door__other">
            Create an account
          </Link>
        </p>
      )}
    </Door>
  );
}
