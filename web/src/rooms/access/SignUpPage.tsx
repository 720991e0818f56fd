import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { answer, api } from '../../api/client';
import { asFault } from '../../api/problem';
import { appQuery } from '../../api/queries';
import { Button } from '../../ui/Button';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { Note } from '../../ui/Note';
import { Door } from './Door';
import { useEntering } from './useEntering';

const route = getRouteApi('/sign-up');

/** An account of one's own, where the application lets visitors make one. */
export default function SignUpPage() {
  const { next } = route.useSearch();
  const app = useQuery(appQuery);
  const enter = useEntering(next);
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const first = useRef<HTMLInputElement>(null);
  const hasNames = app.data?.sign_in === 'username';
  const signUp = useMutation({
    mutationFn: () => answer(api.POST('/api/auth/signup', { body: { name: name.trim(), ...(email.trim() ? { email: email.trim() } : {}), ...(hasNames ? { username: username.trim() } : {}), password } })),
    onSuccess: enter,
  });
  const fields = signUp.error ? asFault(signUp.error).fields : [];
  const faultOf = (field: string) => fields.find((it) => it.field === `/${field}`)?.message;
  const isClosed = app.data?.sign_up === false;
  useEffect(() => {
    document.title = 'Create an account · Mainstay';
    first.current?.focus();
  }, []);

  return (
    <Door title="Create an account" onSubmit={() => signUp.mutate()}>
      {isClosed ? (
        <Note tone="warn">Nobody can make an account here by themselves. Ask someone who manages users for one.</Note>
      ) : (
        <>
          <Field label="Name" fault={faultOf('name')}>
            {(wiring) => <input {...wiring} ref={first} className="input" name="name" autoComplete="name" maxLength={255} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          {hasNames && (
            <Field label="Name to sign in by" required fault={faultOf('username')} hint="3 to 50 letters, digits, _ and -.">
              {(wiring) => <input {...wiring} className="input" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required minLength={3} maxLength={50} value={username} onChange={(event) => setUsername(event.target.value)} />}
            </Field>
          )}
          <Field label="E-mail" required={!hasNames} fault={faultOf('email')}>
            {(wiring) => <input {...wiring} className="input" type="email" name="email" autoComplete={hasNames ? 'email' : 'username'} required={!hasNames} value={email} onChange={(event) => setEmail(event.target.value)} />}
          </Field>
          <Field label="Password" required fault={faultOf('password')} hint="At least 8 characters.">
            {(wiring) => <input {...wiring} className="input" type="password" name="password" autoComplete="new-password" required minLength={8} value={password} onChange={(event) => setPassword(event.target.value)} />}
          </Field>
          <ErrorNote error={signUp.error} />
          <Button kind="main" type="submit" busy={signUp.isPending} disabled={!(hasNames ? username.trim() : email.trim()) || password.length < 8}>
            Create account
          </Button>
        </>
      )}
      <p className="soft">
        You have one already?{' '}
        <Link to="/sign-in" search={next ? { next } : {}} className="door__other">
          Sign in
        </Link>
      </p>
    </Door>
  );
}
