import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

import { answer, api, download } from '../../api/client';
import { counted } from '../../api/description';
import { chatQuery } from '../../api/queries';
import type { ChatView } from '../../api/types';
import { Confirm, Dialog } from '../../ui/Dialog';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { toast, toastFault } from '../../ui/Toast';
import type { ChatAct } from './acts';

/** Does what is chosen for a chat, and gives the dialog to draw while something is asked first. */
export function useChatActs(onDeleted?: (chat: ChatView) => void): [(act: ChatAct) => void, ReactNode] {
  const [asking, setAsking] = useState<ChatAct | null>(null);
  const doAtOnce = useActsAtOnce();
  const run = (act: ChatAct) => (act.kind === 'rename' || act.kind === 'delete' ? setAsking(act) : doAtOnce(act));
  return [run, asking && <ChatDialog act={asking} onClose={() => setAsking(null)} onDeleted={onDeleted} />];
}

/** An act that needs no question first. */
function useActsAtOnce(): (act: ChatAct) => void {
  const client = useQueryClient();
  return ({ kind, chat }) => {
    const path = { params: { path: { chat: chat.id } } };
    if (kind === 'export') download(`/api/chats/${chat.id}/export`, `${nameFor(chat)}.json`).catch(toastFault);
    if (kind === 'title') {
      answer(api.POST('/api/chats/{chat}/title', path))
        .then((named) => {
          client.setQueryData(chatQuery(chat.id).queryKey, named);
          void client.invalidateQueries({ queryKey: ['chats'] });
          toast(`It is called “${named.title}” now.`, 'good');
        })
        .catch(toastFault);
    }
  };
}

/** The dialogs of those that do. */
function ChatDialog({ act: { kind, chat }, onClose, onDeleted }: { act: ChatAct; onClose: () => void; onDeleted?: (chat: ChatView) => void }) {
  const client = useQueryClient();
  const path = { params: { path: { chat: chat.id } } };
  if (kind === 'rename') {
    return (
      <Dialog open onClose={onClose} title="Rename the chat">
        <SchemaForm
          schema={{ type: 'object', required: ['title'], properties: { title: { type: 'string', title: 'Title', minLength: 1, maxLength: 200 } }, additionalProperties: false }}
          value={{ title: chat.title }}
          submit="Rename"
          onCancel={onClose}
          run={async ({ title }) => {
            client.setQueryData(chatQuery(chat.id).queryKey, await answer(api.PATCH('/api/chats/{chat}', { ...path, body: { title: String(title) } })));
            void client.invalidateQueries({ queryKey: ['chats'] });
            onClose();
          }}
        />
      </Dialog>
    );
  }
  if (kind !== 'delete') return null;
  return (
    <Confirm
      open
      onClose={onClose}
      kind="bad"
      title={`Delete “${chat.title}”?`}
      act="Delete"
      run={async () => {
        const { documents_deleted: documents } = await answer(api.DELETE('/api/chats/{chat}', path));
        for (const key of ['chats', 'documents']) void client.invalidateQueries({ queryKey: [key] });
        toast(documents > 0 ? `Deleted, with ${counted(documents, 'document', 'documents')}.` : 'Deleted.', 'good');
        onDeleted?.(chat);
      }}
    >
      Everything said in it goes, and the documents that were added to it. Nobody can bring it back.
    </Confirm>
  );
}

/** What the file is called: letters and digits of the title. */
function nameFor({ title }: ChatView): string {
  return title.replace(/[^\p{L}\p{N}]+/gu, ' ').trim().slice(0, 60) || 'chat';
}
