import { QueryClient } from '@tanstack/react-query';
import { expect, it, vi } from 'vitest';

import { talks } from './talks';

const ask = vi.hoisted(() => vi.fn(() => Promise.resolve()));
vi.mock('../../api/asking', () => ({ ask, askAgain: ask, listen: ask, stop: ask }));

it('says what a new chat is about, and no more in one that is there', () => {
  const client = new QueryClient();
  const asked = { assistant: 'coach', record: 'r1', question: 'Why?', web: false };
  talks.ask(client, { ...asked, chat: null });
  expect(ask).toHaveBeenLastCalledWith({ question: 'Why?', assistant: 'coach', record: 'r1' }, expect.anything(), expect.anything());
  talks.ask(client, { ...asked, chat: 'c1' });
  expect(ask).toHaveBeenLastCalledWith({ question: 'Why?', chat: 'c1' }, expect.anything(), expect.anything());
});
