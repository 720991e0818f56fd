import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import type { FeedbackView } from '../../api/types';
import { Button } from '../../ui/Button';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { Card } from '../../ui/Page';
import { toast } from '../../ui/Toast';

/** What one thinks of a result: good or not, and why. What was said before is replaced. */
export function FeedbackCard({ subject }: { subject: string }) {
  const [words, setWords] = useState('');
  const give = useMutation({
    mutationFn: (verdict: FeedbackView['verdict']) => answer(api.POST('/api/feedback', { body: { subject, verdict, words: words.trim() || undefined } })),
    onSuccess: () => toast('Thank you. It is kept.', 'good'),
  });
  const verdict = give.data?.verdict;
  const isNew = give.data !== undefined && words.trim() !== (give.data.words ?? '');
  return (
    <Card title="Was this of help?">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (verdict) give.mutate(verdict);
        }}
      >
        <div className="row">
          <Button icon="thumbUp" aria-pressed={verdict === 'up'} kind={verdict === 'up' ? 'main' : undefined} busy={give.isPending && give.variables === 'up'} onClick={() => give.mutate('up')}>
            Yes
          </Button>
          <Button icon="thumbDown" aria-pressed={verdict === 'down'} kind={verdict === 'down' ? 'main' : undefined} busy={give.isPending && give.variables === 'down'} onClick={() => give.mutate('down')}>
            No
          </Button>
        </div>
        <Field label="In your words" hint="It goes along with yes or no.">
          {(wiring) => <textarea {...wiring} className="input" maxLength={4000} value={words} onChange={(event) => setWords(event.target.value)} />}
        </Field>
        {isNew && (
          <div className="row">
            <Button type="submit" busy={give.isPending}>
              Send these words
            </Button>
          </div>
        )}
        <ErrorNote error={give.error} />
      </form>
    </Card>
  );
}
