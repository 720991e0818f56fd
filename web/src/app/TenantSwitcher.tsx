import { useQuery } from '@tanstack/react-query';

import { answer, api } from '../api/client';
import { tenantQuery } from '../api/queries';
import { Combobox, type Option } from '../ui/Combobox';
import type { Wiring } from '../ui/Field';
import { useHouse } from './house';

/** Whose things are looked at, for those who reach all. */
export function TenantSwitcher() {
  const { app, tenant, setTenant } = useHouse();
  return (
    <div className="nav__tenant">
      <TenantPicker label={`The ${app.tenants?.noun} that is shown`} none={`All ${app.tenants?.plural}`} value={tenant ?? null} onChange={(it) => setTenant(it ?? undefined)} />
    </div>
  );
}

interface Props extends Partial<Wiring> {
  label: string;
  value: string | null;
  none?: string;
  onChange: (tenant: string | null) => void;
}

export function TenantPicker({ label, value, none, onChange, ...wiring }: Props) {
  const { app } = useHouse();
  const chosen = useQuery({ ...tenantQuery(value ?? ''), enabled: Boolean(value), staleTime: 60_000 });
  return (
    <Combobox
      {...wiring}
      label={label}
      value={value}
      shown={chosen.data?.name}
      none={none}
      placeholder={`Choose a ${app.tenants?.noun ?? 'tenant'}`}
      listKey={['tenants']}
      find={findTenants}
      onChange={(option) => onChange(option?.id ?? null)}
    />
  );
}

async function findTenants(search: string): Promise<Option[]> {
  const page = await answer(api.GET('/api/tenants', { params: { query: { search: search || undefined, limit: 30 } } }));
  return page.items.map((it) => ({ id: it.id, label: it.name, note: it.slug }));
}
