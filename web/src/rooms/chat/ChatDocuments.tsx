/** What was added to one chat: its answers may look into it, and nothing else may. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { answer, api } from '../../api/client';
import { chatDocumentsQuery } from '../../api/queries';
import type { DocumentView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button, IconButton } from '../../ui/Button';
import { Confirm } from '../../ui/Dialog';
import { ErrorNote } from '../../ui/ErrorNote';
import { Icon } from '../../ui/Icon';
import { Progress } from '../../ui/Progress';
import { toast, toastFault } from '../../ui/Toast';
import { endingsOf, limitWords, refusalOf } from '../documents/limits';
import { asForm } from '../imports/upload';

/** A document that is still being read is asked about this often. */
const POLL_MS = 1_000;

export function ChatDocuments({ chat }: { chat: string }) {
  const { can } = useHouse();
  const client = useQueryClient();
  const [removing, setRemoving] = useState<DocumentView | null>(null);
  const documents = useQuery({ ...chatDocumentsQuery(chat), refetchInterval: ({ state }) => (state.data?.items.some(isOpen) ? POLL_MS : false) });
  const items = documents.data?.items ?? [];
  if (documents.isError) return <ErrorNote error={documents.error} retry={() => void documents.refetch()} />;
  if (items.length === 0) return null;
  return (
    <>
      <ul className="attached" aria-label="Documents of this chat">
        {items.map((it) => (
          <li key={it.id} className={it.state === 'failed' ? 'attached__one attached__one--bad' : 'attached__one'}>
            <Icon name={it.state === 'failed' ? 'warn' : 'file'} />
            <Link to="/documents/$document" params={{ document: it.id }} className="cut">
              {it.title}
            </Link>
            {isOpen(it) && (
              <span className="attached__progress">
                <Progress value={it.progress} label={`${it.title} is being read`} />
              </span>
            )}
            {it.state === 'failed' && <span className="cut">{it.reason?.message ?? 'It could not be read.'}</span>}
            {can('write_documents') && <IconButton small icon="close" label={`Remove ${it.title}`} onClick={() => setRemoving(it)} />}
          </li>
        ))}
      </ul>
      {removing && (
        <Confirm
          open
          onClose={() => setRemoving(null)}
          kind="bad"
          title={`Remove “${removing.title}”?`}
          act="Remove"
          run={async () => {
            await answer(api.DELETE('/api/documents/{document}', { params: { path: { document: removing.id } } }));
            await client.invalidateQueries({ queryKey: ['documents'] });
          }}
        >
          The document is deleted. What was answered from it stays, but its source cannot be opened any more.
        </Confirm>
      )}
    </>
  );
}

/** A button that adds a file to this chat. Before its first question there is no chat to add it to. */
export function AttachButton({ chat, tenant }: { chat: string | null; tenant: string | undefined }) {
  const { app } = useHouse();
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const upload = useMutation({
    mutationFn: async (file: File) => {
      const refusal = refusalOf(file, app.uploads);
      if (refusal) throw refusal;
      return answer(api.POST('/api/documents', { body: { file, chat: chat ?? undefined, tenant }, bodySerializer: asForm }));
    },
    onSuccess: ({ title, existed }) => {
      toast(existed ? `“${title}” was there already.` : `“${title}” is being read. Questions can be asked about it as soon as that is done.`, 'good');
      void client.invalidateQueries({ queryKey: ['documents'] });
    },
    onError: toastFault,
  });
  return (
    <>
      <Button
        kind="plain"
        icon="clip"
        busy={upload.isPending}
        disabled={chat === null || !app.uploads.enabled}
        title={chat === null ? 'Ask the first question; then files can be added to this chat.' : app.uploads.enabled ? `For this chat alone: ${limitWords(app.uploads)}` : 'Documents are not taken in at the moment.'}
        onClick={() => input.current?.click()}
      >
        Add a document
      </Button>
      <input
        ref={input}
        type="file"
        className="unseen"
        tabIndex={-1}
        aria-label="Document for this chat"
        accept={endingsOf(app.uploads).join(',')}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) upload.mutate(file);
          event.target.value = '';
        }}
      />
    </>
  );
}

function isOpen({ state }: DocumentView): boolean {
  return state !== 'ready' && state !== 'failed';
}
