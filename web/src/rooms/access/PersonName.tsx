import { useQuery } from '@tanstack/react-query';

import { usersQuery } from '../../api/queries';
import { useHouse } from '../../app/house';

/** Who did something, known only by an id: a person by name where one may know it, a key or the house itself as what it is. */
export function PersonName({ id }: { id: string }) {
  const { me, can } = useHouse();
  const isPerson = id.startsWith('usr_');
  const users = useQuery({ ...usersQuery(), enabled: isPerson && id !== me.id && can('manage_users'), staleTime: 300_000, retry: false });
  const person = id === me.id ? me : users.data?.items.find((it) => it.id === id);
  return (
    <span className="cut" title={id}>
      {person ? person.name || (person.username ?? person.email) : isPerson ? 'Another user' : id.startsWith('key_') ? 'An API key' : id}
    </span>
  );
}
