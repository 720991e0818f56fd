/** Adding to a record or changing what it holds from a file: what is known is recognised, the rest is new. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';

import { answer, api } from '../../api/client';
import { importOf, titleOf } from '../../api/description';
import { recordQuery } from '../../api/queries';
import { NotFound, Pending } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { ErrorNote } from '../../ui/ErrorNote';
import { Note } from '../../ui/Note';
import { Page } from '../../ui/Page';
import { Reading } from './Reading';
import { Running } from './Running';
import { asForm } from './upload';
import { useReading } from './useReading';
import './imports.css';

const route = getRouteApi('/house/records/$record/change');

export default function ChangePage() {
  const { record: id } = route.useParams();
  const { job } = route.useSearch();
  const { app, can } = useHouse();
  const client = useQueryClient();
  const navigate = useNavigate();
  const record = useQuery(recordQuery(id));
  const collection = record.data?.collection ?? '';
  const limits = importOf(app, collection);
  const reading = useReading(collection, limits);
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
  if (!view || !rows || !limits) return <NotFound />;

  return (
    <Page title={`Add or change ${rows.plural}`} about={`In ${titleOf(view, record.data)}. A new version holds what is there now, with the rows of the file put in.`}>
      <div className="steps">
        {job ? (
          <Running job={job} title="Change">
            <Link to="/records/$record" params={{ record: id }} search={{ tab: 'versions' }} className="button">
              See the versions
            </Link>
          </Running>
        ) : !can('write_records') ? (
          <Note tone="warn">Your role reads, and does not change.</Note>
        ) : (
          <>
            {record.data.lock && <Note tone="warn">This {view.noun} is locked by a job. A change is refused until it is done.</Note>}
            <Reading reading={reading} limits={limits} rows={rows}>
              {(file, preview) => (
                <>
                  <ErrorNote error={start.error} />
                  <div className="row row--end">
                    <Link to="/records/$record" params={{ record: id }} className="button">
                      Cancel
                    </Link>
                    <Button kind="main" busy={start.isPending} disabled={preview.counts.kept === 0} onClick={() => start.mutate(file)}>
                      Make a new version
                    </Button>
                  </div>
                </>
              )}
            </Reading>
          </>
        )}
      </div>
    </Page>
  );
}
