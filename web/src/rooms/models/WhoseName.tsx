/** Whose a budget's, a limit's or a row's is: a tenant by name, a key by what it is called. */
import { useQuery } from '@tanstack/react-query';

import { readable } from '../../api/description';
import { keysQuery } from '../../api/queries';
import { useHouse } from '../../app/house';
import { NOBODY, TenantName } from '../tenants/TenantName';

type Kind = 'whole' | 'tenant' | 'key' | 'task' | 'provider' | 'model';

export function WhoseName({ scope, id }: { scope: Kind | undefined; id: string }) {
  const { app } = useHouse();
  if (!id) return <span className="quiet">{scope === 'whole' || !scope ? 'Everything' : 'Nothing spent yet'}</span>;
  if (scope === 'tenant' && id === NOBODY) return <span className="quiet">The house itself</span>;
  if (scope === 'tenant') return <TenantName id={id} />;
  if (scope === 'key') return <KeyName id={id} />;
  if (scope === 'task') return <span className="wrap">{app.tasks[id]?.title ?? readable(id)}</span>;
  return <code className="wrap">{id}</code>;
}

function KeyName({ id }: { id: string }) {
  const { can } = useHouse();
  const keys = useQuery({ ...keysQuery(), enabled: can('manage_keys'), staleTime: 60_000 });
  const name = keys.data?.items.find((it) => it.id === id)?.name;
  return name ? <span className="wrap">{name}</span> : <code className="wrap">{id}</code>;
}
