import { useMutation, useQueryClient } from '@tanstack/react-query';

import { answer, api } from '../../api/client';
import { recordQuery } from '../../api/queries';
import type { RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { toast, toastFault } from '../../ui/Toast';

export function RestoreButton({ record, small }: { record: RecordView; small?: boolean }) {
  const { can } = useHouse();
  const client = useQueryClient();
  const restore = useMutation({
    mutationFn: () => answer(api.POST('/api/records/{record}/restore', { params: { path: { record: record.id } } })),
    onSuccess: (next) => {
      client.setQueryData(recordQuery(record.id).queryKey, next);
      void client.invalidateQueries({ queryKey: ['records', record.collection] });
      toast('Restored.', 'good');
    },
    onError: toastFault,
  });
  if (!can('write_records')) return null;
  return (
    <Button small={small} icon="undo" busy={restore.isPending} onClick={() => restore.mutate()}>
      Restore
    </Button>
  );
}
