/** What was sent to a webhook, and how it was taken. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { answer, api } from '../../api/client';
import { deliveriesQuery, webhookQuery } from '../../api/queries';
import type { DeliveryView } from '../../api/types';
import { Badge, StateBadge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { toast, toastFault } from '../../ui/Toast';
import type { Column } from '../../ui/table/DataTable';
import { ListTable } from '../../ui/table/ListTable';

const route = getRouteApi('/house/webhooks/$webhook');

const COLUMNS: Column<DeliveryView>[] = [
  { id: 'event', label: 'Event', width: 220, cell: (it) => <span className="cut">{it.event}</span> },
  { id: 'state', label: 'State', width: 120, cell: (it) => <StateBadge state={it.state} /> },
  { id: 'attempts', label: 'Attempts', width: 90, align: 'right', cell: (it) => it.attempts },
  { id: 'status', label: 'Answer', width: 90, align: 'right', cell: (it) => it.answer_status ?? <span className="quiet">–</span> },
  { id: 'error', label: 'What went wrong', width: 260, grows: true, cell: (it) => <span className="cut soft" title={it.error ?? ''}>{it.error}</span> },
  { id: 'created', label: 'Raised', width: 120, cell: (it) => <span className="quiet"><Time at={it.created_at} /></span> },
  {
    id: 'tried',
    label: 'Last tried',
    width: 120,
    cell: (it) => <span className="quiet">{it.attempted_at ? <Time at={it.attempted_at} /> : 'not yet'}</span>,
  },
  { id: 'retry', label: '', width: 120, cell: (it) => it.state !== 'delivered' && <RetryButton delivery={it} /> },
];

export default function WebhookPage() {
  const { webhook: id } = route.useParams();
  const webhook = useQuery(webhookQuery(id));
  const query = useInfiniteQuery({ ...deliveriesQuery(id), refetchInterval: 10_000 });
  if (webhook.isError) {
    return (
      <Page title="Webhook">
        <ErrorNote error={webhook.error} retry={() => void webhook.refetch()} />
      </Page>
    );
  }
  return (
    <Page
      fill
      title="Deliveries"
      about={
        webhook.data && (
          <span className="row">
            <code className="wrap">{webhook.data.url}</code>
            {webhook.data.events.map((it) => (
              <Badge key={it}>{it}</Badge>
            ))}
          </span>
        )
      }
    >
      <ListTable
        label="Deliveries"
        noun="delivery"
        plural="deliveries"
        columns={COLUMNS}
        query={query}
        empty={
          <Empty icon="hook" title="Nothing sent yet">
            Deliveries appear here when one of its events happens. Send a test from the list of webhooks.
          </Empty>
        }
      />
    </Page>
  );
}

function RetryButton({ delivery }: { delivery: DeliveryView }) {
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: () => answer(api.POST('/api/deliveries/{delivery}/retry', { params: { path: { delivery: delivery.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['deliveries', delivery.webhook] });
      toast('It is sent again now.', 'good');
    },
    onError: toastFault,
  });
  return (
    <Button small icon="refresh" busy={retry.isPending} onClick={() => retry.mutate()}>
      Send again
    </Button>
  );
}
