import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { capital, counted } from '../../api/description';
import { archiveQuery } from '../../api/rounds';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { CopyButton } from '../../ui/CodeText';
import { Dialog } from '../../ui/Dialog';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { bytes, number } from '../../ui/format';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toast';
import { PersonName } from '../access/PersonName';

/** What is known of an archive, and bringing its records back: all, or some by their ids. */
export function ArchiveSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const { app, can } = useHouse();
  const client = useQueryClient();
  const query = useQuery(archiveQuery(id));
  const archive = query.data;
  const [ids, setIds] = useState('');
  const records = ids.split(/[\s,;]+/).filter(Boolean);
  const back = useMutation({
    mutationFn: () => answer(api.POST('/api/archives/{archive}/restore', { params: { path: { archive: id } }, body: { records: records.length > 0 ? records : undefined } })),
    onSuccess: ({ job }) => {
      for (const key of ['archives', 'jobs']) void client.invalidateQueries({ queryKey: [key] });
      toast(
        <>
          They are brought back. <Link to="/jobs/$job" params={{ job }}>See the job</Link>
        </>,
        'good',
      );
      onClose();
    },
  });
  const view = archive && app.collections[archive.collection];
  return (
    <Dialog
      open
      onClose={onClose}
      shape="side"
      title={archive ? capital(counted(archive.record_count, view?.noun ?? 'record', view?.plural ?? 'records')) : 'Archive'}
      foot={
        archive &&
        can('manage_archives') && (
          <Button kind="main" icon="undo" busy={back.isPending} onClick={() => back.mutate()}>
            {records.length > 0 ? `Bring ${counted(records.length, 'record', 'records')} back` : 'Bring all back'}
          </Button>
        )
      }
    >
      {query.isPending ? (
        <Skeleton lines={8} />
      ) : query.isError || !archive ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : (
        <div className="stack stack--wide">
          <dl className="facts">
            <dt>Records</dt>
            <dd>
              {number(archive.record_count)} <span className="quiet">with all that lies in them {counted(archive.row_count, 'row', 'rows')}</span>
            </dd>
            <dt>Brought back</dt>
            <dd>{number(archive.brought_back)}</dd>
            <dt>From</dt>
            <dd>
              <Time at={archive.oldest_at} exact />
            </dd>
            <dt>To</dt>
            <dd>
              <Time at={archive.newest_at} exact />
            </dd>
            <dt>Size</dt>
            <dd>{bytes(archive.size_bytes)}</dd>
            <dt>Checksum</dt>
            <dd className="row" style={{ flexWrap: 'nowrap' }}>
              <code className="wrap">{archive.sha256}</code>
              <CopyButton text={archive.sha256} label="Copy the checksum" />
            </dd>
            <dt>Put away</dt>
            <dd>
              <Time at={archive.created_at} exact /> by <PersonName id={archive.created_by} />
            </dd>
            <dt>Job</dt>
            <dd>
              <Link to="/jobs/$job" params={{ job: archive.job }}>
                {archive.job.slice(0, 8)}
              </Link>
            </dd>
          </dl>
          {can('manage_archives') && (
            <Field label="Only these records" hint="Their ids, one in a line; all of them when there are none. What is there already stays as it is.">
              {(wiring) => <textarea {...wiring} className="input" value={ids} onChange={(event) => setIds(event.target.value)} />}
            </Field>
          )}
          <ErrorNote error={back.error} />
        </div>
      )}
    </Dialog>
  );
}
