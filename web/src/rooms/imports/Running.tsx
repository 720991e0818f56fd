import type { ReactNode } from 'react';

import { useJob } from '../../app/jobs';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Card } from '../../ui/Page';
import { JobPanel } from '../jobs/JobPanel';

/** What becomes of a file. Its job stands in the address: whoever reloads the page finds it again. */
export function Running({ job: id, title, children }: { job: string; title: string; children: ReactNode }) {
  const query = useJob(id);
  return (
    <>
      <Card title={title}>
        <ErrorNote error={query.data ? null : query.error} retry={() => void query.refetch()} />
        {query.data ? <JobPanel job={query.data} /> : query.isPending && <Skeleton lines={3} />}
      </Card>
      <div className="row">{children}</div>
    </>
  );
}
