/** What every page may ask: the application, the person, what they may do, and whose things they look at. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { createContext, useContext } from 'react';

import { gradingOf, shelves } from '../api/description';
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
  /** There is an assistant, and this person may ask it. */
  hasChat: boolean;
  /** Nothing else is there for this person: the chat is their first page. */
  onlyChats: boolean;
  /** Nor this: they hand texts in, and that is their first page. */
  onlyWrites: boolean;
}

/** Who may do one of these looks after something, and wants to see how it stands. */
const CARETAKING: Permission[] = ['manage_users', 'manage_keys', 'manage_webhooks', 'manage_models', 'manage_tenants', 'read_telemetry', 'read_internals'];

export function useHouse(): HouseTools {
  const house = useContext(HouseContext);
  if (!house) throw new Error('a page stands outside of the house');
  const navigate = useNavigate();
  const chosen = useSearch({ strict: false }).tenant;
  const reachesAll = house.app.tenants !== null && house.me.reaches === 'all';
  const tenant = reachesAll ? chosen : undefined;
  const can = (permission: Permission) => house.me.permissions.includes(permission);
  const hasChat = Object.keys(house.app.assistants).length > 0 && can('use_assistants');
  const looksOnly = shelves(house.app).length === 0 && !CARETAKING.some(can);
  const hasWriting = gradingOf(house.app).length > 0 && can('ask_questions');
  return {
    ...house,
    can,
    tenant,
    allTenants: reachesAll && !tenant,
    setTenant: (next) => void navigate({ to: '.', search: (search: object) => ({ ...search, tenant: next }) }),
    hasChat,
    onlyChats: hasChat && looksOnly && !hasWriting && Object.keys(house.app.questions).length === 0,
    onlyWrites: hasWriting && looksOnly,
  };
}
