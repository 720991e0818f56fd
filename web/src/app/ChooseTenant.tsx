import type { ReactNode } from 'react';

import { Empty } from '../ui/Empty';
import { useHouse } from './house';
import { TenantPicker } from './TenantSwitcher';

/** For what can be done for one tenant at a time, when all of them are looked at. */
export function ChooseTenant({ children }: { children: ReactNode }) {
  const { app, setTenant } = useHouse();
  return (
    <Empty
      icon="building"
      title={`Choose a ${app.tenants?.noun ?? 'tenant'}`}
      action={
        <div style={{ width: 280 }}>
          <TenantPicker label={app.tenants?.noun ?? ''} value={null} onChange={(it) => setTenant(it ?? undefined)} />
        </div>
      }
    >
      {children}
    </Empty>
  );
}
