import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Fault } from '../../api/problem';
import type { LookupEntry } from '../../api/types';
import { TryLookup } from './TryLookup';

const get = vi.hoisted(() => vi.fn());
vi.mock('../../api/client', () => ({ api: { GET: get }, answer: (call: Promise<unknown>) => call }));
vi.mock('../../app/house', () => ({ useHouse: () => ({ app: { collections: { rides: { noun: 'ride' } } }, tenant: undefined }) }));
vi.mock('../records/RecordPicker', () => ({
  RecordPicker: ({ id, onChange }: { id: string; onChange: (record: string) => void }) => (
    <button type="button" id={id} onClick={() => onChange(`r${get.mock.calls.length}`)}>
      Choose
    </button>
  ),
}));

const weather: LookupEntry = { name: 'weather', title: 'Weather', about: '', of: 'rides', asked_with: ['latitude'], gives: ['high', 'forecast'], needs: ['high'], is_conditional: true, has_otherwise: false, good_for_s: 1800, waits_ms: 5000 };

function open() {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <TryLookup lookup={weather} onClose={() => undefined} />
    </QueryClientProvider>,
  );
}

const choose = () => userEvent.click(screen.getByLabelText(/Ask about a ride/));
const ask = () => userEvent.click(screen.getByRole('button', { name: 'Ask' }));

beforeEach(() => get.mockReset());

describe('trying a look-up', () => {
  it('says what it takes and gives, and asks only once a record is chosen', async () => {
    open();
    expect(screen.getByText('High (always), Forecast')).toBeVisible();
    expect(screen.getByText('30 min, for all of which the same is asked')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Ask' })).toBeDisabled();
    await choose();
    get.mockResolvedValue({ record: 'r0', lookup: 'weather', found: 'live', answer: { high: 7.5, forecast: { sky: 'grey' } }, asked_at: new Date().toISOString() });
    await ask();
    expect(await screen.findByText('7.5')).toBeVisible();
    expect(screen.getByText(/"grey"/)).toBeVisible();
    expect(get).toHaveBeenCalledWith('/api/records/{record}/lookups/{lookup}', { params: { path: { record: 'r0', lookup: 'weather' } } });
  });

  it('takes what was said away when another record is chosen', async () => {
    open();
    await choose();
    get.mockResolvedValue({ record: 'r0', lookup: 'weather', found: 'nothing', answer: null, asked_at: null });
    await ask();
    expect(await screen.findByText('Nothing')).toBeVisible();
    await choose();
    await waitFor(() => expect(screen.queryByText('Nothing')).toBeNull());
  });

  it('says why nobody answered, and asks again', async () => {
    open();
    await choose();
    get.mockRejectedValueOnce(new Fault({ type: '', title: 'Nobody answered', status: 502, code: 'external_service', detail: 'Nobody answered within 5 s.', request_id: 'req_1' }));
    await ask();
    expect(await screen.findByRole('alert')).toHaveTextContent('external_service');
    get.mockResolvedValue({ record: 'r0', lookup: 'weather', found: 'kept', answer: { high: 3 }, asked_at: null });
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('Kept')).toBeVisible();
    expect(screen.queryByRole('alert')).toBeNull();
  });
});
