import { type FormEvent, type ReactNode, useId, useRef, useState } from 'react';

import { Button } from './Button';
import { number } from './format';

interface Props {
  onAsk: (question: string) => void;
  /** There is somebody to ask. */
  canAsk?: boolean;
  isAnswering: boolean;
  /** Where an answer can be stopped; else the button waits for it. */
  onStop?: () => void;
  isStopping?: boolean;
  /** The longest question, in characters. */
  most?: number;
  /** What becomes of a longer one: it is not asked, or asked without its end. */
  beyond?: 'refused' | 'cut off';
  placeholder?: string;
  /** Beside the button. */
  children?: ReactNode;
}

/** How full the field is before it says how much room is left. */
const NEAR = 0.8;

/** Where a question is written: Enter asks, Escape stops, and whoever asked can go on writing. */
export function Composer({ onAsk, canAsk = true, isAnswering, onStop, isStopping = false, most = Infinity, beyond = 'refused', placeholder = 'Enter asks, Shift+Enter begins a line', children }: Props) {
  const id = useId();
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const length = [...text.trim()].length;
  const isOver = length > most;
  const isNear = length > most * NEAR;
  const isReady = length > 0 && canAsk && !isAnswering && !(isOver && beyond === 'refused');
  const send = (event?: FormEvent) => {
    event?.preventDefault();
    if (!isReady) return;
    onAsk(text.trim());
    setText('');
    // The button that was pressed is about to go.
    field.current?.focus();
  };
  const stop = () => {
    onStop?.();
    field.current?.focus();
  };
  return (
    <form className="composer" onSubmit={send}>
      <textarea
        ref={field}
        className="input"
        aria-label="Question"
        aria-invalid={(isOver && beyond === 'refused') || undefined}
        aria-describedby={isNear ? id : undefined}
        placeholder={placeholder}
        rows={2}
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          // While a word is being composed, Enter belongs to the keyboard.
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
          if (event.key === 'Escape' && isAnswering) stop();
        }}
      />
      <div className="composer__row">
        {children}
        {isNear && (
          <span id={id} className={isOver ? 'composer__over' : 'quiet'}>
            {number(length)} of {number(most)} characters{isOver && (beyond === 'refused' ? ': make it shorter' : ': what is beyond is cut off')}
          </span>
        )}
        {isAnswering && onStop ? (
          <Button icon="stop" busy={isStopping} onClick={stop}>
            Stop
          </Button>
        ) : (
          <Button kind="main" type="submit" icon="play" busy={isAnswering} disabled={!isReady}>
            Ask
          </Button>
        )}
      </div>
    </form>
  );
}
