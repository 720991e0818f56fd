import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';

import { answer, api } from '../../api/client';
import { counted, readable } from '../../api/description';
import { auditActionsQuery, usersQuery } from '../../api/queries';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Combobox } from '../../ui/Combobox';
import { DayField } from '../../ui/DayField';
import { dayIn } from '../../ui/days';
import { ErrorNote } from '../../ui/ErrorNote';
import { Note } from '../../ui/Note';
import { Page } from '../../ui/Page';
import { actionsFor } from './actions';
import { AuditList } from './AuditList';
import './audit.css';

const route = getRouteApi('/house/audit');

export default function AuditPage() {
  const { tenant, can } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/audit' });
  const verify = useMutation({ mutationFn: () => answer(api.GET('/api/audit/verify')) });
  const set = (next: Partial<typeof search>) => void navigate({ to: '/audit', search: (now) => ({ ...now, ...next }), replace: true });

  return (
    <Page
      fill
      title="Audit"
      about="Who did what, when and why. Entries are chained: none can be changed or taken out unseen."
      actions={
        can('manage_audit') && (
          <Button icon="check" busy={verify.isPending} onClick={() => verify.mutate()}>
            Verify the chain
          </Button>
        )
      }
    >
      <ErrorNote error={verify.error} />
      {verify.data &&
        (verify.data.whole ? (
          <Note tone="good" role="status">
            The chain is whole: {counted(verify.data.rows, 'entry', 'entries')} in {counted(verify.data.chains.length, 'chain', 'chains')}.
          </Note>
        ) : (
          <Note tone="bad" role="alert">
            <strong>The chain is broken.</strong>
            <ul>
              {verify.data.chains
                .filter((it) => it.broken)
                .map((it) => (
                  <li key={it.tenant}>
                    {it.tenant}, from entry {it.broken?.seq} on: {it.broken?.fault}.
                  </li>
                ))}
            </ul>
            <p>Keep the database as it is, and compare it with the last backup.</p>
          </Note>
        ))}
      <div className="toolbar">
        <ActionFilter tenant={tenant} value={search.action} onChange={(action) => set({ action })} />
        <PersonFilter value={search.actor} onChange={(actor) => set({ actor })} />
        <DayField label="From" max={search.to} value={search.from} onChange={(from) => set({ from })} />
        <DayField label="To" min={search.from} value={search.to} onChange={(to) => set({ to })} />
        {(search.action ?? search.actor ?? search.from ?? search.to ?? search.record) && (
          <Button kind="plain" icon="close" onClick={() => void navigate({ to: '/audit', search: { tenant } })}>
            Clear
          </Button>
        )}
      </div>
      <AuditList query={{ tenant, ...pick(search) }} />
    </Page>
  );
}

/** The days as moments; what is written into the address and is no day counts for nothing. */
function pick({ action, actor, from, to, record }: { action?: string; actor?: string; from?: string; to?: string; record?: string }) {
  const [first, last] = [dayIn(from), dayIn(to)];
  return { action, actor, record, from: first && `${first}T00:00:00Z`, to: last && `${last}T23:59:59.999Z` };
}

/** Which acts: chosen among those that happened lately, or typed. */
function ActionFilter({ tenant, value, onChange }: { tenant: string | undefined; value: string | undefined; onChange: (value: string | undefined) => void }) {
  const client = useQueryClient();
  return (
    <div className="filter">
      <Combobox
        label="Action"
        value={value ?? null}
        shown={value && readable(value)}
        none="Any action"
        placeholder="Any action"
        listKey={['audit', tenant]}
        find={async (text) => actionsFor(text, await client.fetchQuery(auditActionsQuery(tenant)))}
        onChange={(option) => onChange(option?.id)}
      />
    </div>
  );
}

/** Whose acts: chosen by name where one may know the names, else only one's own. */
function PersonFilter({ value, onChange }: { value: string | undefined; onChange: (value: string | undefined) => void }) {
  const { me, can } = useHouse();
  const users = useQuery({ ...usersQuery(), enabled: can('manage_users') });
  const people = users.data?.items ?? [me];
  return (
    <select className="input filter" aria-label="Who" value={value ?? ''} onChange={(event) => onChange(event.target.value || undefined)}>
      <option value="">Anybody</option>
      {people.map((it) => (
        <option key={it.id} value={it.id}>
          {it.name || (it.username ?? it.email)}
        </option>
      ))}
      {value && !people.some((it) => it.id === value) && <option value={value}>{value}</option>}
    </select>
  );
}
