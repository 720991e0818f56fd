import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { ownPromptQuery } from '../../api/queries';
import type { AssistantView, OwnPromptView } from '../../api/types';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { number } from '../../ui/format';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toast';

interface Props {
  assistant: AssistantView;
  tenant: string | undefined;
  onClose: () => void;
}

/** The rules that one sets for oneself. */
export function OwnPromptDialog({ assistant, tenant, onClose }: Props) {
  const prompt = useQuery({ ...ownPromptQuery(assistant.name, tenant), staleTime: 0 });
  return (
    <Dialog open onClose={onClose} title="Your own rules" about={`${assistant.title} keeps to them in every answer to you, in all your chats. Nobody else is answered by them.`}>
      {prompt.isError ? <ErrorNote error={prompt.error} retry={() => void prompt.refetch()} /> : prompt.data && !prompt.isFetching ? <Form prompt={prompt.data} tenant={tenant} onClose={onClose} /> : <Skeleton lines={4} />}
    </Dialog>
  );
}

function Form({ prompt, tenant, onClose }: { prompt: OwnPromptView; tenant: string | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const { assistant, chars_max: most } = prompt;
  const [text, setText] = useState(prompt.system_prompt ?? '');
  const [busy, setBusy] = useState<'keep' | 'clear' | null>(null);
  const [error, setError] = useState<unknown>(null);
  const length = [...text.trim()].length;
  const isTooLong = length > most;

  const send = async (what: 'keep' | 'clear') => {
    setBusy(what);
    setError(null);
    try {
      const kept =
        what === 'keep'
          ? await answer(api.PUT('/api/assistants/prompt', { body: { assistant, tenant, system_prompt: text.trim() } }))
          : await answer(api.DELETE('/api/assistants/prompt', { params: { query: { assistant, tenant } } }));
      client.setQueryData(ownPromptQuery(assistant, tenant).queryKey, kept);
      toast(what === 'keep' ? 'Your rules hold from the next answer on.' : 'The assistant’s own rules hold again.', 'good');
      onClose();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(null);
    }
  };

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (length > 0 && !isTooLong) void send('keep');
      }}
    >
      <Field label="Rules" fault={isTooLong ? `At most ${number(most)} characters; there are ${number(length)}.` : undefined} hint={`${number(length)} of ${number(most)} characters`}>
        {(wiring) => <textarea {...wiring} autoFocus className="input" rows={8} placeholder="Answer in one sentence." value={text} onChange={(event) => setText(event.target.value)} />}
      </Field>
      {prompt.updated_at && (
        <p className="quiet">
          Set <Time at={prompt.updated_at} />.
        </p>
      )}
      <ErrorNote error={error} />
      <div className="row row--end">
        {prompt.is_own && (
          <Button kind="bad" busy={busy === 'clear'} onClick={() => void send('clear')}>
            Take away
          </Button>
        )}
        <span className="grow" />
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="main" type="submit" busy={busy === 'keep'} disabled={length === 0 || isTooLong}>
          Save rules
        </Button>
      </div>
    </form>
  );
}
