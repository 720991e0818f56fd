import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';

import { DayField } from './DayField';
import { dayFault, dayIn } from './days';

describe('a day', () => {
  it('is read out of an address only when it is one', () => {
    expect(['2026-11-30', '2026-02-30', '2026-11', 'soon', '', undefined].map(dayIn)).toEqual(['2026-11-30', undefined, undefined, undefined, undefined, undefined]);
  });

  it('may not lie outside of what can be chosen, and both ends can', () => {
    expect(dayFault('2026-11-01', '2026-11-01', '2026-11-30')).toBeNull();
    expect(dayFault('2026-11-30', '2026-11-01', '2026-11-30')).toBeNull();
    expect(dayFault('2026-10-31', '2026-11-01', undefined)).toBe('Not before 2026-11-01.');
    expect(dayFault('2026-12-01', undefined, '2026-11-30')).toBe('Not after 2026-11-30.');
    expect(dayFault('', '2026-11-01', undefined)).toBeNull();
  });
});

describe('the field of a day', () => {
  it('tells a day once it is whole, and not the years that are typed on the way', () => {
    const tell = vi.fn();
    render(<DayField label="From" value={undefined} max="2026-11-30" onChange={tell} />);
    const field = screen.getByLabelText('From');
    fireEvent.change(field, { target: { value: '0002-11-01' } });
    expect(tell).not.toHaveBeenCalled();
    expect(field).toHaveAttribute('aria-invalid', 'true');
    fireEvent.change(field, { target: { value: '2026-11-01' } });
    expect(tell).toHaveBeenCalledWith('2026-11-01');
  });

  it('says why a day outside is not taken, and shows what counts when it is left', () => {
    const tell = vi.fn();
    render(<DayField label="To" value="2026-11-20" min="2026-11-10" onChange={tell} />);
    const field = screen.getByLabelText('To');
    fireEvent.change(field, { target: { value: '2026-11-01' } });
    expect(field).toHaveAccessibleDescription('Not before 2026-11-10.');
    fireEvent.blur(field);
    expect(field).toHaveValue('2026-11-20');
    expect(tell).not.toHaveBeenCalled();
  });

  it('tells that no day is chosen any more', () => {
    const tell = vi.fn();
    render(<DayField label="To" value="2026-11-20" onChange={tell} />);
    fireEvent.change(screen.getByLabelText('To'), { target: { value: '' } });
    expect(tell).toHaveBeenCalledWith(undefined);
  });
});
