import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { titleOf } from '../../api/description';
import type { RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Confirm } from '../../ui/Dialog';
import { toast } from '../../ui/Toast';

export function DeleteRecord({ record, onClose }: { record: RecordView; onClose: () => void }) {
  const { app, can } = useHouse();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [permanent, setPermanent] = useState(false);
  const view = app.collections[record.collection];
  return (
    <Confirm
      open
      onClose={onClose}
      kind="bad"
      title={`Delete ${titleOf(view, record)}?`}
      act={permanent ? 'Erase for good' : 'Delete'}
      run={async () => {
        await answer(api.DELETE('/api/records/{record}', { params: { path: { record: record.id }, query: { permanent: permanent || undefined } } }));
        client.removeQueries({ queryKey: ['record', record.id] });
        void client.invalidateQueries({ queryKey: ['records', record.collection] });
        toast(permanent ? 'Erased.' : 'Deleted. It can be restored from the list of deleted ones.', 'good');
        void navigate({ to: '/data/$collection', params: { collection: record.collection } });
      }}
    >
      <div className="stack">
        <p>It disappears from lists and searches, and can be restored for a while.{view?.versioned && ' Its versions go and come back with it.'}</p>
        {can('erase_records') && (
          <label className="check">
            <input type="checkbox" checked={permanent} onChange={(event) => setPermanent(event.target.checked)} />
            <span>Erase it for good, now. Nothing brings it back.</span>
          </label>
        )}
      </div>
    </Confirm>
  );
}
