import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { counted, readable } from '../../api/description';
import type { UserView } from '../../api/types';
import { Confirm } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { number } from '../../ui/format';
import { toast } from '../../ui/Toast';
import './access.css';

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
    // The other choice stands in until this one is counted: the dialog does not jump.
    placeholderData: keepPreviousData,
  });
  const name = user.email || user.name || user.id;
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
      <div className="stack">
        <p>This cannot be undone. What this person did stays in the audit log, under an id that leads to nobody; records that belong to everybody stay as well.</p>
        <label className="check">
          <input type="checkbox" checked={shared} onChange={(event) => setShared(event.target.checked)} />
          Also the documents that they shared; else those stay and become the house’s.
        </label>
        {planned.isPending ? (
          <Skeleton lines={3} />
        ) : planned.isError && !planned.data ? (
          <ErrorNote error={planned.error} retry={() => void planned.refetch()} />
        ) : (
          <Plan counts={planned.data.counts ?? {}} isOld={planned.isPlaceholderData} />
        )}
      </div>
    </Confirm>
  );
}

/** What stays, among the counts of what goes. */
const STAYS = 'documents_handed_over';

function Plan({ counts, isOld }: { counts: Record<string, number>; isOld: boolean }) {
  const goes = Object.entries(counts).filter(([what, count]) => count > 0 && what !== STAYS);
  const stays = counts[STAYS] ?? 0;
  return (
    <div className="stack" aria-live="polite" aria-busy={isOld || undefined}>
      {goes.length === 0 ? (
        <p>Nothing but the account goes: nothing else of theirs is kept.</p>
      ) : (
        <div>
          <strong>What goes</strong>
          <ul className="erasure" aria-label="What goes">
            {goes.map(([what, count]) => (
              <li key={what}>
                {readable(what)}: <span className="number">{number(count)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {stays > 0 && (
        <p>
          {counted(stays, 'document stays and becomes', 'documents stay and become')} the house’s.
        </p>
      )}
    </div>
  );
}
