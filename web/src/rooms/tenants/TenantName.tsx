import { useQuery } from '@tanstack/react-query';

import { tenantNamesQuery, tenantQuery } from '../../api/queries';
import { useHouse } from '../../app/house';

/** Whose the acts of the house itself are: a sign-in of somebody who reaches all, a new tenant. */
export const NOBODY = '00000000-0000-0000-0000-000000000000';

/** The name of a tenant, known only by its id. */
export function TenantName({ id }: { id: string }) {
  const { me } = useHouse();
  const names = useQuery({ ...tenantNamesQuery, enabled: me.reaches === 'all', retry: false });
  const known = names.data?.get(id);
  // Beyond the first 500, and the deleted ones.
  const one = useQuery({ ...tenantQuery(id), enabled: id !== NOBODY && !known && !names.isLoading, staleTime: 300_000, retry: false });
  if (id === NOBODY) return <span className="quiet">–</span>;
  return <span className="cut">{known ?? one.data?.name ?? (names.isLoading || one.isLoading ? '…' : id)}</span>;
}
