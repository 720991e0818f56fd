/** What somebody outside is asked about single records: which look-ups there are, and a place to try one. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { capital, readable } from '../../api/description';
import { lookupsQuery } from '../../api/rounds';
import type { LookupEntry } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { span } from '../../ui/format';
import { type ShortColumn, ShortTable } from '../../ui/table/ShortTable';
import { TryLookup } from './TryLookup';
import './sources.css';

type Row = LookupEntry & { id: string };

/** One of them is open when the address names it. */
export function LookupsTab({ chosen }: { chosen: string | undefined }) {
  const { app } = useHouse();
  const navigate = useNavigate();
  const query = useQuery(lookupsQuery);
  const choose = (lookup: string | undefined) => void navigate({ to: '/sources', search: (now) => ({ tenant: now.tenant, tab: 'lookups', lookup }), replace: true });
  const open = query.data?.find((it) => it.name === chosen);
  const columns: ShortColumn<Row>[] = [
    {
      id: 'lookup',
      label: 'Look-up',
      kind: 'wrap',
      cell: (it) => (
        <>
          <button type="button" className="linklike" style={{ fontWeight: 540 }} onClick={() => choose(it.name)}>
            {it.title}
          </button>
          {it.about && <div className="quiet">{it.about}</div>}
        </>
      ),
    },
    { id: 'of', label: 'Asked about', cell: (it) => capital(app.collections[it.of]?.plural ?? readable(it.of)) },
    { id: 'with', label: 'Asked with', kind: 'wrap', cell: (it) => names(it.asked_with) },
    { id: 'gives', label: 'Gives', kind: 'wrap', cell: (it) => names(it.gives) },
    { id: 'good', label: 'Good for', kind: 'quiet', cell: (it) => goodWords(it) },
    {
      id: 'acts',
      label: 'Acts',
      kind: 'acts',
      cell: (it) => (
        <Button small icon="search" onClick={() => choose(it.name)} aria-label={`Try ${it.title}`}>
          Try
        </Button>
      ),
    },
  ];
  return (
    <>
      <ShortTable
        label="Look-ups"
        query={{ ...query, data: query.data && { items: query.data } }}
        columns={columns}
        empty={
          <Empty icon="search" title="No look-ups">
            This application asks nobody outside about single records.
          </Empty>
        }
      />
      {open && <TryLookup lookup={open} onClose={() => choose(undefined)} />}
    </>
  );
}

function names(all: string[]): string {
  return all.map(readable).join(', ') || '–';
}

function goodWords({ good_for_s }: LookupEntry): string {
  return good_for_s > 0 ? span(good_for_s * 1000) : 'not kept';
}
