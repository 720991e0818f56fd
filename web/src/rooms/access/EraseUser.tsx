import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { readable } from '../../api/description';
import type { UserView } from '../../api/types';
import { Confirm } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { toast } from '../../ui/Toast';

/** Asks once more before a person goes for good, with what would go along. */
export function EraseUser({ user, onClose }: { user: UserView; onClose: () => void }) {
  const client = useQueryClient();
  const [shared, setShared] = useState(false);
  const body = { shared_documents: shared ? ('erase' as const) : ('hand_over' as const) };
  const path = { user: user.id };
  const planned = useQuery({
    queryKey: ['erasure', user.id, shared],
    queryFn: () => answer(api.POST('/api/users/{user}/erase', { params: { path }, body: { ...body, dry_run: true } })),
    gcTime: 0,
  });
  const name = user.email || user.name || user.id;
  const counts = planned.data?.counts ? Object.entries(planned.data.counts).filter(([, count]) => count > 0) : [];
  return (
    <Confirm
      open
      onClose={onClose}
      kind="bad"
      title={`Erase ${name} for good?`}
      act="Erase"
      run={async () => {
        const done = await answer(api.POST('/api/users/{user}/erase', { params: { path }, body }));
        void client.invalidateQueries({ queryKey: ['users'] });
        toast(done.state === 'completed' ? 'Erased, with everything that was theirs.' : 'They cannot sign in any more. A job removes what was theirs.', 'good');
      }}
    >
      <p>This cannot be undone. What this person did stays in the audit log, under an id that leads to nobody; records that belong to everybody stay as well.</p>
      {planned.isPending ? (
        <Skeleton lines={3} />
      ) : planned.isError ? (
        <ErrorNote error={planned.error} retry={() => void planned.refetch()} />
      ) : (
        <ul aria-label="What goes">
          {counts.map(([what, count]) => (
            <li key={what}>
              {readable(what)}: {count}
            </li>
          ))}
        </ul>
      )}
      <label className="row">
        <input type="checkbox" checked={shared} onChange={(event) => setShared(event.target.checked)} />
        Also the documents that they shared; else those stay and become the house’s.
      </label>
    </Confirm>
  );
}
