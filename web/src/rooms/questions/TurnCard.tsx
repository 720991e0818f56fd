import { useState } from 'react';

import { Button } from '../../ui/Button';
import { languageName } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Suggestions } from '../../ui/Suggestions';
import { Prose } from '../chat/Prose';
import { CommentDialog } from './CommentDialog';
import { Found } from './Found';
import type { Turn } from './turns';

const NOTHING: ReadonlySet<number> = new Set();

interface Props {
  turn: Turn;
  questions: string;
  hasComments: boolean;
  /** Only the last one proposes what could be asked next. */
  onAsk?: (question: string) => void;
  onNew?: () => void;
}

/** A question with its answer, what was found for it, and what could be asked next. */
export function TurnCard({ turn, questions, hasComments, onAsk, onNew }: Props) {
  const [commenting, setCommenting] = useState(false);
  return (
    <article className="turn" aria-label={turn.question}>
      <div className="asked">
        <div className="asked__words wrap">{turn.question}</div>
      </div>
      <div className="answer">
        {turn.answer !== null && (
          <div lang={turn.language}>
            <Prose text={turn.answer} known={NOTHING} cite={(number) => `[${number}]`} />
          </div>
        )}
        {turn.error !== null && (
          <Note tone="warn">
            <p lang={turn.language}>{turn.error}</p>
            {turn.errorCode && (
              <p className="note__small">
                Code <code>{turn.errorCode}</code>
              </p>
            )}
            {turn.isFull && onNew && (
              <Button small icon="plus" onClick={onNew}>
                Begin a new conversation
              </Button>
            )}
            {turn.instead && onAsk && (
              <p className="row">
                <span>It could answer:</span>
                <Button small onClick={() => onAsk(turn.instead ?? '')}>
                  {turn.instead}
                </Button>
              </p>
            )}
          </Note>
        )}
        {turn.result && <Found result={turn.result} />}
        <div className="row quiet turn__facts">
          <span className="grow">{[...turn.facts, languageName(turn.language)].join(' · ')}</span>
          {hasComments && turn.id !== null && turn.answer !== null && (
            <Button small kind="plain" icon="search" onClick={() => setCommenting(true)}>
              Look at one record
            </Button>
          )}
        </div>
        {onAsk && <Suggestions label="What could be asked next" lang={turn.language} of={turn.followups} onChoose={onAsk} />}
      </div>
      {commenting && <CommentDialog turn={turn} questions={questions} onClose={() => setCommenting(false)} />}
    </article>
  );
}
