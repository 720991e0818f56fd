import { useMutation, useQueryClient } from '@tanstack/react-query';

import { answer, api } from '../../api/client';
import type { RecordView, VersionView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { toast, toastFault } from '../../ui/Toast';

export function ActivateButton({ record, version, small, kind }: { record: RecordView; version: VersionView; small?: boolean; kind?: 'main' }) {
  const { can } = useHouse();
  const client = useQueryClient();
  const activate = useMutation({
    mutationFn: () => answer(api.POST('/api/versions/{version}/activate', { params: { path: { version: version.id } } })),
    onSuccess: () => {
      toast(`Version ${version.number} is the active one now.`, 'good');
      for (const key of [['record', record.id], ['versions', record.id], ['records', record.collection], ['audit']]) void client.invalidateQueries({ queryKey: key });
    },
    onError: toastFault,
  });
  if (!can('write_records') || version.is_active || version.state !== 'ready' || record.deleted_at) return null;
  return (
    <Button small={small} kind={kind} icon="check" busy={activate.isPending} onClick={() => activate.mutate()}>
      Activate
    </Button>
  );
}
