import { type FormEvent, useRef, useState } from 'react';

import { Button } from '../../ui/Button';
import { number } from '../../ui/format';

/** How full the field is before it says how much room is left. */
const NEAR = 0.8;

export function AskField({ most, isAsking, onAsk }: { most: number; isAsking: boolean; onAsk: (question: string) => void }) {
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const length = [...text.trim()].length;
  const isReady = length > 0 && length <= most && !isAsking;
  const send = (event?: FormEvent) => {
    event?.preventDefault();
    if (!isReady) return;
    onAsk(text.trim());
    setText('');
    field.current?.focus();
  };
  return (
    <form className="composer" onSubmit={send}>
      <textarea
        ref={field}
        className="input"
        aria-label="Question"
        aria-invalid={length > most || undefined}
        aria-describedby={length > most * NEAR ? 'ask-length' : undefined}
        placeholder="Ask in your own words. Enter asks, Shift+Enter begins a line"
        rows={2}
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          // While a word is being composed, Enter belongs to the keyboard.
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
        }}
      />
      <div className="composer__row">
        {length > most * NEAR && (
          <span id="ask-length" className={length > most ? 'composer__over' : 'quiet'}>
            {number(length)} of {number(most)} characters
          </span>
        )}
        <Button kind="main" type="submit" icon="play" busy={isAsking} disabled={!isReady}>
          Ask
        </Button>
      </div>
    </form>
  );
}
