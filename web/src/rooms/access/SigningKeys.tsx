/** The keys that sign access tokens: which one signs, and having another one sign. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { counted } from '../../api/description';
import { signingKeysQuery } from '../../api/queries';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Confirm } from '../../ui/Dialog';
import { span } from '../../ui/format';
import { Card } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toast';
import { ShortTable } from '../../ui/table/ShortTable';

export function SigningKeys() {
  const client = useQueryClient();
  const query = useQuery(signingKeysQuery);
  const [isAsking, setAsking] = useState(false);
  const maxAgeS = query.data?.maxAgeS;
  return (
    <Card
      title="Signing keys"
      aside={
        <Button small icon="refresh" onClick={() => setAsking(true)}>
          Replace the signing key
        </Button>
      }
      flush
    >
      <p className="soft" style={{ padding: '12px 16px 0' }}>
        They sign the tokens of everybody who is signed in.
        {maxAgeS === null && ' They are replaced by hand alone.'}
        {typeof maxAgeS === 'number' && ` One that is ${span(maxAgeS * 1000)} old is replaced by itself.`}
      </p>
      <ShortTable
        label="Signing keys"
        inCard
        query={query}
        columns={[
          { id: 'id', label: 'Key', cell: (it) => <code>{it.id}</code> },
          { id: 'state', label: 'State', cell: (it) => (it.is_signing ? <Badge tone="good">Signs</Badge> : it.retired_at ? <Badge>Retired</Badge> : <Badge tone="info">Verifies</Badge>) },
          { id: 'sessions', label: 'Signed last for', cell: (it) => counted(it.sessions, 'session', 'sessions') },
          { id: 'made', label: 'Made', kind: 'quiet', cell: (it) => <Time at={it.created_at} /> },
          { id: 'retired', label: 'Retired', kind: 'quiet', cell: (it) => <Time at={it.retired_at} /> },
        ]}
      />
      <Confirm
        open={isAsking}
        onClose={() => setAsking(false)}
        title="Replace the signing key?"
        act="Replace the signing key"
        run={async () => {
          const made = await answer(api.POST('/api/signing-keys/rotate'));
          await client.invalidateQueries({ queryKey: signingKeysQuery.queryKey });
          toast(`The key ${made.id} signs from now on.`, 'good');
        }}
      >
        Nobody is signed out: what older keys signed stays valid, and each is retired once the last session that it signed is over. Who got hold of an older key can use it until then: end their sessions too.
      </Confirm>
    </Card>
  );
}
