/** The documents that say how the application works, by what they are about: looked at, checked, carried out and in. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api, download } from '../../api/client';
import { configurationQuery } from '../../api/rounds';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Card, Page } from '../../ui/Page';
import { toastFault } from '../../ui/Toast';
import { ImportDialog } from './ImportDialog';
import { grouped } from './lines';
import { Report } from './Report';
import './configuration.css';

export default function ConfigurationPage() {
  const query = useQuery(configurationQuery);
  const [isImporting, setImporting] = useState(false);
  const check = useMutation({ mutationFn: () => answer(api.POST('/api/configuration/check', { body: {} })) });
  return (
    <Page
      title="Configuration"
      about="The documents that say how this application works. What stands in them is in force."
      actions={
        <>
          <Button icon="download" onClick={() => void download('/api/configuration/export', 'configuration.zip').catch(toastFault)}>
            Export
          </Button>
          <Button icon="upload" onClick={() => setImporting(true)}>
            Import
          </Button>
          <Button icon="check" busy={check.isPending} onClick={() => check.mutate()}>
            Check all of it
          </Button>
        </>
      }
    >
      {isImporting && <ImportDialog onClose={() => setImporting(false)} />}
      <ErrorNote error={check.error} retry={() => check.mutate()} />
      {check.data && <Report report={check.data} />}
      {query.isPending ? (
        <Skeleton lines={8} />
      ) : query.isError && !query.data ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : query.data.length === 0 ? (
        <div className="card">
          <Empty icon="sliders" title="No documents">
            Everything is as Mainstay has it by itself.
          </Empty>
        </div>
      ) : (
        grouped(query.data).map((group) => (
          <Card key={group.title} title={group.title} flush>
            <ul>
              {group.documents.map((it) => (
                <li key={it.name} className="confdoc">
                  <Link to="/configuration/$document" params={{ document: it.name }} style={{ fontWeight: 540 }}>
                    {it.title}
                  </Link>
                  <span className="grow soft wrap">{it.about}</span>
                  <code className="quiet">{it.file}</code>
                  {it.version > 0 && <Badge tone="accent">Version {it.version}</Badge>}
                  {it.waits_for_start && <Badge tone="warn">Waits for the next start</Badge>}
                  {it.set_aside !== null && <Badge tone="warn">Version {it.set_aside} set aside</Badge>}
                  {!it.is_given && <Badge>As by itself</Badge>}
                </li>
              ))}
            </ul>
          </Card>
        ))
      )}
    </Page>
  );
}
