/** The text of a document, with what the check says of it while one writes, and putting it in force. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { answer, api } from '../../api/client';
import type { ConfigurationDocument, ConfigurationFault } from '../../api/types';
import { Button } from '../../ui/Button';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { Note } from '../../ui/Note';
import { toast } from '../../ui/Toast';
import { placeIn, told } from './lines';
import { Report } from './Report';
import './configuration.css';

/** How long nobody writes before the text is checked. */
const PAUSE_MS = 500;

export function Editor({ document }: { document: ConfigurationDocument }) {
  const client = useQueryClient();
  const begun = document.newest ?? '';
  const [text, setText] = useState(begun);
  const [asked, setAsked] = useState(begun);
  const [reason, setReason] = useState('');
  // The version that the text was begun upon: what others do meanwhile is not written over.
  const [upon, setUpon] = useState(document.newest_version);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const check = useQuery({
    queryKey: ['configuration', document.name, 'check', asked],
    queryFn: () => answer(api.POST('/api/configuration/check', { body: { contents: { [document.name]: asked } } })),
    placeholderData: keepPreviousData,
  });
  const put = useMutation({
    mutationFn: () => answer(api.PUT('/api/configuration/{config}', { params: { path: { config: document.name } }, body: { content: text, reason: reason.trim(), version: upon } })),
    onSuccess: (made) => {
      for (const key of ['configuration', 'frontend']) void client.invalidateQueries({ queryKey: [key] });
      if (!made.is_valid) return;
      setUpon(made.version);
      setReason('');
      const { text: words, tone } = told(made);
      toast(words, tone);
    },
  });
  const again = () => {
    setText(begun);
    setUpon(document.newest_version);
    put.reset();
  };
  const go = (fault: ConfigurationFault) => {
    const at = placeIn(text, fault.line, fault.column);
    field.current?.focus();
    field.current?.setSelectionRange(at, at);
  };
  const isChecked = asked === text && check.isSuccess && !check.isPlaceholderData;
  const isReady = isChecked && check.data.is_valid && text !== begun && reason.trim() !== '';
  return (
    <form
      className="confedit"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) put.mutate();
      }}
    >
      <div className="stack">
        <Field label="The text as it is to be" hint="It is checked with all other documents while you write. The file is not changed: what you put in force is a version over it.">
          {(wiring) => <textarea {...wiring} ref={field} className="input mono confdoc__text" spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />}
        </Field>
        <Field label="Why" required hint="For those who read the history.">
          {(wiring) => <input {...wiring} className="input" maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />}
        </Field>
        <div className="row">
          <Button kind="main" type="submit" icon="check" busy={put.isPending} disabled={!isReady}>
            {document.acts === 'now' ? 'Put in force' : 'Keep for the next start'}
          </Button>
          <Button icon="undo" disabled={text === begun && upon === document.newest_version} onClick={again}>
            As it is
          </Button>
        </div>
        <ErrorNote error={put.error} />
      </div>
      <div className="stack" aria-live="polite">
        {document.newest_version > upon && <Note tone="warn">Somebody else has changed this document since you began: version {document.newest_version} is the newest. “As it is” shows it.</Note>}
        <ErrorNote error={check.error} retry={() => void check.refetch()} />
        {check.isPending ? <Skeleton lines={4} /> : check.data && <Report report={put.data && !put.data.is_valid && asked === text ? put.data : check.data} file={document.file} onGo={go} />}
      </div>
    </form>
  );
}
