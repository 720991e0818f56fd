import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import type { UserView } from '../../api/types';
import { EraseUser } from './EraseUser';

const post = vi.hoisted(() => vi.fn());
vi.mock('../../api/client', () => ({ api: { POST: post }, answer: (call: Promise<unknown>) => call }));

const ann = { id: 'usr_1', email: 'ann@example.com', name: 'Ann' } as UserView;

it('says what goes before anything goes, and erases what was chosen', async () => {
  post.mockResolvedValue({ user: ann.id, dry_run: true, state: 'planned', job: null, counts: { chats: 2, keys: 0, documents_handed_over: 1 } });
  const closed = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <EraseUser user={ann} onClose={closed} />
    </QueryClientProvider>,
  );
  const goes = await screen.findByRole('list', { name: 'What goes' });
  expect(within(goes).getAllByRole('listitem').map((it) => it.textContent)).toEqual(['Chats: 2']);
  expect(screen.getByText('1 document stays and becomes the house’s.')).toBeVisible();
  expect(screen.queryByText(/Keys/)).toBeNull();
  const path = { params: { path: { user: ann.id } } };
  expect(post).toHaveBeenCalledWith('/api/users/{user}/erase', { ...path, body: { shared_documents: 'hand_over', dry_run: true } });

  await userEvent.click(screen.getByLabelText(/documents that they shared/));
  post.mockResolvedValue({ user: ann.id, dry_run: false, state: 'completed', job: 'j', counts: { chats: 2, keys: 0 } });
  await userEvent.click(screen.getByRole('button', { name: 'Erase' }));
  await waitFor(() => expect(closed).toHaveBeenCalled());
  expect(post).toHaveBeenLastCalledWith('/api/users/{user}/erase', { ...path, body: { shared_documents: 'erase' } });
});
