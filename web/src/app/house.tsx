/** What every page may ask: the application, the person, what they may do, and whose things they look at. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { createContext, useContext } from 'react';

import type { AppView, Me, Permission } from '../api/types';

export interface House {
  app: AppView;
  me: Me;
  /** Is the stream of jobs open? Pages poll less then. */
  live: boolean;
}

export const HouseContext = createContext<House | null>(null);

export interface HouseTools extends House {
  can: (permission: Permission) => boolean;
  /** The tenant that is looked at; undefined for all of them, and where there is only one. */
  tenant: string | undefined;
  /** The application has tenants, this person reaches all of them and has chosen none. */
  allTenants: boolean;
  setTenant: (tenant: string | undefined) => void;
}

export function useHouse(): HouseTools {
  const house = useContext(HouseContext);
  if (!house) throw new Error('a page stands outside of the house');
  const navigate = useNavigate();
  const chosen = useSearch({ strict: false }).tenant;
  const reachesAll = house.app.tenants !== null && house.me.reaches === 'all';
  const tenant = reachesAll ? chosen : undefined;
  return {
    ...house,
    can: (permission) => house.me.permissions.includes(permission),
    tenant,
    allTenants: reachesAll && !tenant,
    setTenant: (next) => void navigate({ to: '.', search: (search: object) => ({ ...search, tenant: next }) }),
  };
}
