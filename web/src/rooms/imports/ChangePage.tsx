/** Adding to a record or changing what it holds from a file: what is known is recognised, the rest is new. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { importOf, titleOf } from '../../api/description';
import { recordQuery } from '../../api/queries';
import { NotFound, Pending } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { useJob } from '../../app/jobs';
import { Button } from '../../ui/Button';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Note } from '../../ui/Note';
import { Card, Page } from '../../ui/Page';
import { JobPanel } from '../jobs/JobPanel';
import { DropZone } from './DropZone';
import { Preview } from './Preview';
import { asForm, nameOf, preview as readPreview, refusal } from './upload';
import './imports.css';

const route = getRouteApi('/house/records/$record/change');

export default function ChangePage() {
  const { record: id } = route.useParams();
  const { job: jobId } = route.useSearch();
  const { app, can } = useHouse();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [file, setFile] = useState<File | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const record = useQuery(recordQuery(id));
  const job = useJob(jobId);
  const collection = record.data?.collection ?? '';
  const preview = useMutation({ mutationFn: (next: File) => readPreview(collection, next) });
  const start = useMutation({
    mutationFn: (next: File) => answer(api.POST('/api/records/{record}/change', { params: { path: { record: id } }, body: { file: next }, bodySerializer: asForm })),
    onSuccess: (accepted) => {
      void client.invalidateQueries({ queryKey: ['record', id] });
      void navigate({ to: '/records/$record/change', params: { record: id }, search: { job: accepted.job }, replace: true });
    },
  });

  if (record.isPending) return <Pending />;
  if (record.isError) {
    return (
      <Page title="Add or change">
        <ErrorNote error={record.error} retry={() => void record.refetch()} />
      </Page>
    );
  }
  const view = app.collections[collection];
  const rows = app.collections[view?.versioned?.children ?? ''];
  const limits = importOf(app, collection);
  if (!view || !rows || !limits) return <NotFound />;

  const take = (next: File) => {
    const fault = refusal(next, limits);
    setWrong(fault);
    setFile(fault ? null : next);
    preview.reset();
    if (!fault) preview.mutate(next);
  };
  return (
    <Page title={`Add or change ${rows.plural}`} about={`In ${titleOf(view, record.data)}. A new version holds what is there now, with the rows of the file put in.`}>
      <div className="steps">
        {jobId ? (
          <>
            <Card title="Change">
              <ErrorNote error={job.data ? null : job.error} retry={() => void job.refetch()} />
              {job.data ? <JobPanel job={job.data} /> : job.isPending && <Skeleton lines={3} />}
            </Card>
            <div className="row">
              <Link to="/records/$record" params={{ record: id }} search={{ tab: 'versions' }} className="button">
                See the versions
              </Link>
            </div>
          </>
        ) : !can('write_records') ? (
          <Note tone="warn">Your role reads, and does not change.</Note>
        ) : (
          <>
            {record.data.lock && <Note tone="warn">This {view.noun} is locked by a job. A change is refused until it is done.</Note>}
            <DropZone formats={limits.formats} maxBytes={limits.max_bytes} maxRows={limits.max_rows} file={file} onFile={take} />
            {wrong && <Note tone="bad" role="alert">{wrong}</Note>}
            {preview.isPending && (
              <Card title="Reading the file">
                <Skeleton lines={4} />
              </Card>
            )}
            <ErrorNote error={preview.error} retry={file ? () => preview.mutate(file) : undefined} />
            {preview.data && file && (
              <>
                <Preview preview={preview.data} schema={rows.schema} name={nameOf(file)} />
                <ErrorNote error={start.error} />
                <div className="row row--end">
                  <Link to="/records/$record" params={{ record: id }} className="button">
                    Cancel
                  </Link>
                  <Button kind="main" busy={start.isPending} disabled={preview.data.counts.kept === 0} onClick={() => start.mutate(file)}>
                    Make a new version
                  </Button>
                </div>
              </>
            )}
          </>
        )}
      </div>
    </Page>
  );
}
