/** How one provider does: whether it answers, whether it is left alone, what is under way. */
import type { ModelProvider } from '../../api/types';
import { Badge, StateBadge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { number } from '../../ui/format';
import { Card } from '../../ui/Page';
import { Progress } from '../../ui/Progress';
import { Time } from '../../ui/Time';

interface Props {
  provider: ModelProvider;
  /** Left out where one may not. */
  test?: (model: string) => void;
}

export function ProviderCard({ provider, test }: Props) {
  const { name, models } = provider;
  const first = models[0]?.model;
  return (
    <Card
      title={name}
      aside={
        <>
          <StateBadge state={provider.state} />
          {test && first && (
            <Button small icon="play" aria-label={`Test ${name}`} onClick={() => test(first)}>
              Test
            </Button>
          )}
        </>
      }
    >
      <dl className="facts">
        <dt>Address</dt>
        <dd>
          <code>{provider.base_url || '–'}</code>
        </dd>
        <dt>Speaks</dt>
        <dd>
          {provider.kind}
          {!provider.has_key && <span className="quiet">, without a key</span>}
        </dd>
        <dt>Breaker</dt>
        <dd>
          <BreakerBadge breaker={provider.breaker} retryAt={provider.retry_at} failures={provider.failures} />
        </dd>
        <dt>Last answer</dt>
        <dd>
          <Time at={provider.at} />
        </dd>
        <dt>In flight</dt>
        <dd className="provider__room">
          <span className="number">
            {number(provider.in_flight)} of {number(provider.concurrency)}
          </span>
          <Progress value={provider.concurrency > 0 ? (provider.in_flight / provider.concurrency) * 100 : 0} label={`Places of ${name} that are taken`} />
        </dd>
        {provider.state === 'failing' && (
          <>
            <dt>Fails</dt>
            <dd>
              {provider.since && (
                <span className="quiet">
                  first <Time at={provider.since} />:{' '}
                </span>
              )}
              {provider.why}
            </dd>
          </>
        )}
      </dl>
      {models.length > 0 && (
        <ul className="provider__models" aria-label={`Models of ${name}`}>
          {models.map((it) => (
            <li key={it.model}>
              <span>
                <code className="wrap">{withoutProvider(it.model, name)}</code>
                {it.breaker !== 'closed' && <BreakerBadge breaker={it.breaker} retryAt={it.retry_at} failures={0} />}
              </span>
              {test && <IconButton small icon="play" label={`Test ${it.model}`} onClick={() => test(it.model)} />}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** A breaker that is open lets nothing through until its time; half-open, one request finds out. */
function BreakerBadge({ breaker, retryAt, failures }: { breaker: ModelProvider['breaker']; retryAt: string | null; failures: number }) {
  const failed = failures > 0 && <span className="quiet">{failures === 1 ? 'failed once' : `failed ${number(failures)} times in a row`}</span>;
  const tone = breaker === 'open' ? 'bad' : breaker === 'half_open' || failures > 0 ? 'warn' : 'good';
  return (
    <span className="breaker">
      <Badge tone={tone} dot>
        {WORDS[breaker]}
      </Badge>
      {breaker === 'open' && retryAt && (
        <span className="quiet">
          tries again <Time at={retryAt} />
        </span>
      )}
      {breaker === 'half_open' && <span className="quiet">one request finds out</span>}
      {failed}
    </span>
  );
}

const WORDS = { closed: 'Closed', open: 'Open', half_open: 'Half-open' };

function withoutProvider(model: string, provider: string): string {
  return model.startsWith(`${provider}/`) ? model.slice(provider.length + 1) : model;
}
