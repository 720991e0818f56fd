import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import { answer, api } from '../../api/client';
import { readable } from '../../api/description';
import { documentQuery } from '../../api/queries';
import type { DocumentView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge, StateBadge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Progress } from '../../ui/Progress';
import { toast, toastFault } from '../../ui/Toast';
import { canGoOn, isOpen, mayChange } from './state';

/** One document, asked for each second as long as somebody is at it. */
export function useDocument(id: string) {
  const client = useQueryClient();
  const query = useQuery({
    ...documentQuery(id),
    enabled: id !== '',
    refetchInterval: ({ state }) => (state.data && isOpen(state.data) ? 1_000 : false),
  });
  const isSettled = query.data ? !isOpen(query.data) : false;
  useEffect(() => {
    // What is found, and how it stands in lists, is another thing now.
    if (isSettled) for (const key of ['documents', 'document-search']) void client.invalidateQueries({ queryKey: [key] });
  }, [client, isSettled]);
  return query;
}

/** Its state in its colour and in words, and how far it is. */
export function DocumentState({ document }: { document: DocumentView }) {
  if (document.state === 'ready') {
    return (
      <Badge tone="good" dot>
        Ready
      </Badge>
    );
  }
  return (
    <>
      <StateBadge state={document.state} />
      {isOpen(document) && document.state !== 'pending' && <DocumentProgress document={document} />}
    </>
  );
}

export function DocumentProgress({ document }: { document: DocumentView }) {
  return (
    <span className="standing">
      <Progress value={document.progress} label={`${readable(document.state)}: ${document.title}`} />
      <span className="number">{document.progress}%</span>
    </span>
  );
}

/** Has it go on where it stopped. Nothing where it cannot, or where this person may not. */
export function GoOnButton({ document, small }: { document: DocumentView; small?: boolean }) {
  const { app, me } = useHouse();
  const client = useQueryClient();
  const resume = useMutation({
    mutationFn: () => answer(api.POST('/api/documents/{document}/resume', { params: { path: { document: document.id } } })),
    onSuccess: (next) => {
      client.setQueryData(documentQuery(next.id).queryKey, next);
      void client.invalidateQueries({ queryKey: ['documents'] });
      toast('It goes on where it stopped.', 'good');
    },
    onError: toastFault,
  });
  if (!canGoOn(document, app.model.embed !== null) || !mayChange(me, document)) return null;
  return (
    <Button small={small} icon="refresh" busy={resume.isPending} onClick={() => resume.mutate()} aria-label={`Go on with ${document.title}`}>
      Go on
    </Button>
  );
}
