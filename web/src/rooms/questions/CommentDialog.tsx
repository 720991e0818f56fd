import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { Prose } from '../chat/Prose';
import type { Turn } from './turns';

const NOTHING: ReadonlySet<number> = new Set();

/** A word about one record beside an answer: what it says of it. */
export function CommentDialog({ turn, questions, onClose }: { turn: Turn; questions: string; onClose: () => void }) {
  const { tenant } = useHouse();
  const [record, setRecord] = useState('');
  const ask = useMutation({
    mutationFn: () => answer(api.POST('/api/questions/comment', { body: { tenant, questions, record: record.trim(), question: turn.id ?? '', response: turn.answer ?? '', language: turn.language } })),
  });
  const submit = () => record.trim() && ask.mutate();
  return (
    <Dialog
      open
      onClose={onClose}
      title="Look at one record"
      about={turn.question}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="main" busy={ask.isPending} disabled={!record.trim()} onClick={submit}>
            Say a word about it
          </Button>
        </>
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field label="Record" required hint="Its number, as a list names it, or its id.">
          {(wiring) => <input {...wiring} className="input" autoFocus value={record} onChange={(event) => setRecord(event.target.value)} />}
        </Field>
        <ErrorNote error={ask.error} />
        {ask.data && (
          <div lang={ask.data.language} role="status">
            <Prose text={ask.data.comment} known={NOTHING} cite={(number) => `[${number}]`} />
          </div>
        )}
      </form>
    </Dialog>
  );
}
