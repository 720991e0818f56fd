import { type FormEvent, type ReactNode, useRef, useState } from 'react';

import type { AssistantView } from '../../api/types';
import { Button } from '../../ui/Button';
import { number } from '../../ui/format';

interface Props {
  assistant: AssistantView | undefined;
  isAnswering: boolean;
  isStopping: boolean;
  web: boolean;
  onWeb: (web: boolean) => void;
  onAsk: (question: string) => void;
  onStop: () => void;
  /** Beside the switches. */
  children?: ReactNode;
}

/** How full the field is before it says how much room is left. */
const NEAR = 0.8;

export function Composer({ assistant, isAnswering, isStopping, web, onWeb, onAsk, onStop, children }: Props) {
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const most = assistant?.question_chars ?? Infinity;
  const length = [...text.trim()].length;
  const isReady = length > 0 && assistant !== undefined && !isAnswering;
  const send = (event?: FormEvent) => {
    event?.preventDefault();
    if (!isReady) return;
    onAsk(text.trim());
    setText('');
    // The button that was pressed is about to go.
    field.current?.focus();
  };
  const stop = () => {
    onStop();
    field.current?.focus();
  };
  return (
    <form className="composer" onSubmit={send}>
      <textarea
        ref={field}
        className="input"
        aria-label="Question"
        aria-describedby={length > most * NEAR ? 'question-length' : undefined}
        placeholder="Enter asks, Shift+Enter begins a line"
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
        {assistant?.web && (
          <label className="check">
            <input type="checkbox" checked={web} onChange={(event) => onWeb(event.target.checked)} />
            Search the web
          </label>
        )}
        {length > most * NEAR && (
          <span id="question-length" className={length > most ? 'composer__over' : 'quiet'}>
            {number(length)} of {number(most)} characters{length > most && ': what is beyond is cut off'}
          </span>
        )}
        {isAnswering ? (
          <Button icon="stop" busy={isStopping} onClick={stop}>
            Stop
          </Button>
        ) : (
          <Button kind="main" type="submit" icon="play" disabled={!isReady}>
            Ask
          </Button>
        )}
      </div>
    </form>
  );
}
