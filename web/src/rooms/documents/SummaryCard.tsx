import { useMutation, useQueryClient } from '@tanstack/react-query';

import { answer, api } from '../../api/client';
import { documentQuery } from '../../api/queries';
import type { DocumentView } from '../../api/types';
import { Button, IconButton } from '../../ui/Button';
import { ErrorNote } from '../../ui/ErrorNote';
import { Card } from '../../ui/Page';
import { announce } from '../../ui/Toast';

/** What it says, in short: written by hand, or by a model when it is asked to. */
export function SummaryCard({ document, mayChange, onEdit }: { document: DocumentView; mayChange: boolean; onEdit: () => void }) {
  const client = useQueryClient();
  const write = useMutation({
    mutationFn: () => answer(api.POST('/api/documents/{document}/summary', { params: { path: { document: document.id } } })),
    onSuccess: (next) => {
      client.setQueryData(documentQuery(next.id).queryKey, next);
      announce('The summary is there.');
    },
  });
  if (!document.summary && !mayChange) return null;
  return (
    <Card title="In short" aside={mayChange && <IconButton small icon="edit" label="Edit the summary" onClick={onEdit} />}>
      <div className="stack">
        {document.summary ? <p className="wrap document__summary">{document.summary}</p> : <p className="quiet">Nothing is written yet.</p>}
        <ErrorNote error={write.error} />
        {mayChange && document.chars > 0 && (
          <div className="row">
            <Button small icon="prompt" busy={write.isPending} onClick={() => write.mutate()}>
              {document.summary ? 'Have it written anew' : 'Have a model write it'}
            </Button>
          </div>
        )}
      </div>
    </Card>
  );
}
