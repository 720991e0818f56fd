import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';

import { Composer } from './Composer';

const field = () => screen.getByLabelText('Question');

describe('where a question is written', () => {
  it('asks with Enter, begins a line with Shift, and keeps the focus in an empty field', async () => {
    const ask = vi.fn();
    render(<Composer isAnswering={false} onAsk={ask} />);
    await userEvent.type(field(), 'one{Shift>}{Enter}{/Shift}two{Enter}');
    expect(ask.mock.calls).toEqual([['one\ntwo']]);
    expect(field()).toHaveValue('');
    expect(field()).toHaveFocus();
  });

  it('leaves Enter to the keyboard while a word is being composed', () => {
    const ask = vi.fn();
    render(<Composer isAnswering={false} onAsk={ask} />);
    fireEvent.change(field(), { target: { value: 'に' } });
    fireEvent.keyDown(field(), { key: 'Enter', isComposing: true });
    expect(ask).not.toHaveBeenCalled();
  });

  it('refuses what is too long, or asks it where its end is cut off', async () => {
    const ask = vi.fn();
    const { rerender } = render(<Composer isAnswering={false} onAsk={ask} most={5} />);
    await userEvent.type(field(), '1234567{Enter}');
    expect(ask).not.toHaveBeenCalled();
    expect(field()).toBeInvalid();
    expect(field()).toHaveAccessibleDescription('7 of 5 characters: make it shorter');
    rerender(<Composer isAnswering={false} onAsk={ask} most={5} beyond="cut off" />);
    await userEvent.type(field(), '{Enter}');
    expect(ask).toHaveBeenCalledWith('1234567');
  });

  it('stops with Escape and with its button, where an answer can be stopped', async () => {
    const stop = vi.fn();
    const { rerender } = render(<Composer isAnswering onAsk={vi.fn()} onStop={stop} />);
    await userEvent.type(field(), '{Escape}');
    await userEvent.click(screen.getByRole('button', { name: 'Stop' }));
    expect(stop).toHaveBeenCalledTimes(2);
    rerender(<Composer isAnswering onAsk={vi.fn()} />);
    expect(screen.getByRole('button', { name: 'Ask' })).toHaveAttribute('aria-busy', 'true');
  });
});
