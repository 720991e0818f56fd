import * as Radix from '@radix-ui/react-dialog';
import { type ReactNode, useState } from 'react';

import { Button, IconButton } from './Button';
import { ErrorNote } from './ErrorNote';
import { Field } from './Field';

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  about?: ReactNode;
  /** `side` opens at the right edge, for looking at one thing of a list. */
  shape?: 'middle' | 'wide' | 'side';
  children: ReactNode;
  foot?: ReactNode;
}

export function Dialog({ open, onClose, title, about, shape = 'middle', children, foot }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content className={`dialog ${shape === 'middle' ? '' : `dialog--${shape}`}`} {...(about ? {} : { 'aria-describedby': undefined })}>
          <div className="dialog__head">
            <div>
              <Radix.Title asChild>
                <h2 className="wrap">{title}</h2>
              </Radix.Title>
              {about && (
                <Radix.Description asChild>
                  <div className="soft">{about}</div>
                </Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton icon="close" label="Close" />
            </Radix.Close>
          </div>
          <div className="dialog__body">{children}</div>
          {foot && <div className="dialog__foot">{foot}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ConfirmProps {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** The verb on the button. */
  act: string;
  kind?: 'main' | 'bad';
  /** Asks for words that go with the act. */
  reason?: { label: string; required: boolean };
  run: (reason: string) => Promise<unknown>;
}

/** Asks before an act that cannot be taken back easily, and stays open with the reason when it fails. */
export function Confirm({ open, onClose, title, children, act, kind = 'main', reason, run }: ConfirmProps) {
  const [words, setWords] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const close = () => {
    setWords('');
    setError(null);
    onClose();
  };
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await run(words.trim());
      close();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog
      open={open}
      onClose={close}
      title={title}
      foot={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button kind={kind} busy={busy} disabled={reason?.required && !words.trim()} onClick={() => void submit()}>
            {act}
          </Button>
        </>
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!reason?.required || words.trim()) void submit();
        }}
      >
        <div className="soft">{children}</div>
        {reason && (
          <Field label={reason.label} required={reason.required}>
            {(wiring) => (
              <textarea
                {...wiring}
                autoFocus
                className="input"
                value={words}
                onChange={(event) => setWords(event.target.value)}
                onKeyDown={(event) => {
                  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
                }}
              />
            )}
          </Field>
        )}
        <ErrorNote error={error} />
      </form>
    </Dialog>
  );
}
