import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Fault } from '../../api/problem';
import { SigningKeys } from './SigningKeys';

const { get, post } = vi.hoisted(() => ({ get: vi.fn(), post: vi.fn() }));
vi.mock('../../api/client', () => ({ api: { GET: get, POST: post }, answer: (call: Promise<unknown>) => call }));

const key = (id: string, more: object = {}) => ({ id, is_signing: false, created_at: '2026-01-02T03:04:05Z', retired_at: null, sessions: 0, ...more });
const old = key('0011', { sessions: 3 });

function open() {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SigningKeys />
    </QueryClientProvider>,
  );
}

async function rotate() {
  await userEvent.click(await screen.findByRole('button', { name: 'Replace the signing key' }));
  expect(post).not.toHaveBeenCalled();
  const dialog = await screen.findByRole('dialog', { name: 'Replace the signing key?' });
  expect(dialog).toHaveTextContent('Nobody is signed out');
  await userEvent.click(within(dialog).getByRole('button', { name: 'Replace the signing key' }));
}

const rows = () => screen.getAllByRole('row').slice(1).map((it) => it.textContent);

beforeEach(() => {
  get.mockReset();
  post.mockReset();
});

describe('the keys that sign tokens', () => {
  it('are told with the one that signs first, and when it is replaced', async () => {
    get.mockResolvedValue({ keys: [key('00ff', { retired_at: '2026-02-02T03:04:05Z' }), old, key('2233', { is_signing: true, sessions: 1 })], max_age_s: 90 * 86_400 });
    open();
    expect(await screen.findByText('2233')).toBeVisible();
    expect(rows().map((it) => /Signs|Verifies|Retired/.exec(it ?? '')?.[0])).toEqual(['Signs', 'Verifies', 'Retired']);
    expect(screen.getByText('3 sessions')).toBeVisible();
    expect(screen.getByText(/One that is 90 d old is replaced by itself/)).toBeVisible();
  });

  it('are joined by another one once that is confirmed', async () => {
    get.mockResolvedValueOnce({ keys: [{ ...old, is_signing: true }], max_age_s: null });
    open();
    expect(await screen.findByText(/replaced by hand alone/)).toBeVisible();
    post.mockResolvedValue(key('2233', { is_signing: true }));
    get.mockResolvedValue({ keys: [old, key('2233', { is_signing: true })], max_age_s: null });
    await rotate();
    expect(post).toHaveBeenCalledExactlyOnceWith('/api/signing-keys/rotate');
    expect(await screen.findByText('2233')).toBeVisible();
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('stay as they are when the server refuses, which is said where it was asked', async () => {
    get.mockResolvedValue({ keys: [{ ...old, is_signing: true }], max_age_s: null });
    open();
    await screen.findByText('0011');
    post.mockRejectedValue(new Fault({ type: '/docs', title: 'The database is away', status: 503, code: 'unavailable', detail: 'Try again.', request_id: 'req_1' }));
    await rotate();
    expect(await within(screen.getByRole('dialog')).findByText('The database is away')).toBeVisible();
  });
});
