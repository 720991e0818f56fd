import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { answer, api } from '../../api/client';
import type { DocumentView } from '../../api/types';
import { Confirm } from '../../ui/Dialog';
import { toast } from '../../ui/Toast';

export function DeleteDocument({ document, onClose }: { document: DocumentView; onClose: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  return (
    <Confirm
      open
      onClose={onClose}
      kind="bad"
      title={`Delete ${document.title}?`}
      act="Delete"
      run={async () => {
        await answer(api.DELETE('/api/documents/{document}', { params: { path: { document: document.id } } }));
        for (const key of ['document', 'document-text']) client.removeQueries({ queryKey: [key, document.id] });
        for (const key of ['documents', 'document-search', 'stats']) void client.invalidateQueries({ queryKey: [key] });
        toast('Deleted.', 'good');
        void navigate({ to: '/documents' });
      }}
    >
      <p>Its file, its text and everything that was made of it go, for good. Answers that name it stay, but lead nowhere.</p>
    </Confirm>
  );
}
