import { useHouse } from '../../app/house';

/** What of this room there is to see for this person: the sources, and what is asked outside. */
export function useIncoming(): { seesSources: boolean; seesLookups: boolean } {
  const { app, can } = useHouse();
  return { seesSources: app.sources.length > 0 && can('read_jobs'), seesLookups: app.lookups.length > 0 && can('read_records') };
}
