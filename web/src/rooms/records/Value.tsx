import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { readable, textOf, titleOf } from '../../api/description';
import { recordQuery } from '../../api/queries';
import type { Json, Schema } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Time } from '../../ui/Time';

/** A field of a record as people read it: by its schema, never by its name. */
export function Value({ value, schema, reference }: { value: Json | undefined; schema: Schema | undefined; reference?: string }) {
  if (value === undefined || value === null || value === '') return <span className="quiet">–</span>;
  if (reference && typeof value === 'string') return <RecordLink id={value} />;
  if (typeof value === 'boolean') return value ? <Badge tone="accent">Yes</Badge> : <span className="quiet">No</span>;
  if (schema?.enum && typeof value === 'string') return <span className="cut">{readable(value)}</span>;
  if (schema?.format === 'date-time' && typeof value === 'string') return <Time at={value} />;
  if (schema?.format === 'uri' && typeof value === 'string' && /^https?:/.test(value)) {
    return (
      <a className="cut" href={value} target="_blank" rel="noreferrer">
        {value.replace(/^https?:\/\//, '')}
      </a>
    );
  }
  if (typeof value === 'number') return <span className="number">{value.toLocaleString('en', { maximumFractionDigits: 6 })}</span>;
  if (typeof value === 'object') return <code className="cut">{JSON.stringify(value)}</code>;
  return (
    <span className="cut" title={value}>
      {textOf(value)}
    </span>
  );
}

/** The title of a record that another one names, leading to it. */
export function RecordLink({ id }: { id: string }) {
  const { app } = useHouse();
  const record = useQuery({ ...recordQuery(id), staleTime: 60_000, retry: false });
  if (record.isError) return <span className="quiet">gone</span>;
  return (
    <Link to="/records/$record" params={{ record: id }} className="cut">
      {record.data ? titleOf(app.collections[record.data.collection], record.data) : '…'}
    </Link>
  );
}
