import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { router } from '../../app/router';

/** What the door answers next. */
let door: () => Response;

function refused(status: number, title: string, headers: Record<string, string> = {}): Response {
  const problem = { type: '/docs', title, status, code: 'x', detail: title, request_id: 'req_1' };
  return new Response(JSON.stringify(problem), { status, headers: { 'content-type': 'application/problem+json', ...headers } });
}

/** Somebody who has typed both and pressed the button. */
async function tried() {
  history.replaceState(null, '', '/sign-in');
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
  await user.type(await screen.findByLabelText('E-mail'), 'ada@example.com');
  await user.type(screen.getByLabelText('Password'), 'correct horse');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
}

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  vi.stubGlobal('scrollTo', () => undefined);
  vi.stubGlobal('fetch', () => Promise.resolve(door()));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the door', () => {
  it('asks for the password again when it was wrong', async () => {
    door = () => refused(401, 'E-mail or password is wrong');
    await tried();
    expect(await screen.findByRole('alert')).toHaveTextContent('E-mail or password is wrong');
    expect(screen.getByLabelText('Password')).toHaveValue('');
    expect(screen.getByLabelText('E-mail')).toHaveValue('ada@example.com');
  });

  it('keeps what was typed when the server could not answer', async () => {
    door = () => refused(503, 'The database is away');
    await tried();
    expect(await screen.findByRole('alert')).toHaveTextContent('The database is away');
    expect(screen.getByLabelText('Password')).toHaveValue('correct horse');
  });

  it('counts down to when it may be tried again, and lets it be tried then', async () => {
    door = () => refused(429, 'Too many requests', { 'retry-after': '3' });
    await tried();
    expect(await screen.findByRole('timer')).toHaveTextContent('3 s');
    expect(screen.getByLabelText('Password')).toHaveValue('correct horse');
    expect(screen.getByRole('button', { name: 'Sign in' })).toBeDisabled();

    await act(() => vi.advanceTimersByTimeAsync(2_100));
    expect(screen.getByRole('timer')).toHaveTextContent('1 s');
    await act(() => vi.advanceTimersByTimeAsync(1_000));
    expect(screen.queryByRole('timer')).not.toBeInTheDocument();
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Sign in' })).toBeEnabled();
  });
});
