import { useQuery } from '@tanstack/react-query';

import { resultRawQuery } from '../../api/asked';
import { CodeText } from '../../ui/CodeText';
import { Dialog } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';

/** What went over the wire for a result that was made in debug mode. */
export function RawDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(resultRawQuery(id));
  return (
    <Dialog open onClose={onClose} shape="wide" title="What the model was asked and said">
      {query.isPending ? (
        <Skeleton lines={8} />
      ) : query.isError ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : (
        <div className="stack">
          {query.data.raw_prompt.system && (
            <>
              <h3>System</h3>
              <CodeText label="System prompt">{query.data.raw_prompt.system}</CodeText>
            </>
          )}
          <h3>Question</h3>
          <CodeText label="Question">{query.data.raw_prompt.user}</CodeText>
          <h3>Answer</h3>
          <CodeText label="Answer">{query.data.raw_response}</CodeText>
        </div>
      )}
    </Dialog>
  );
}
