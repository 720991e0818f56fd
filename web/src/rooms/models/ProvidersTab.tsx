/** Who answers: how each provider does, which names lead to which models, what they cost. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { modelsQuery } from '../../api/queries';
import type { ModelsView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { bytes, number, span } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Card } from '../../ui/Page';
import { PriceCard } from './PriceCard';
import { ProviderCard } from './ProviderCard';
import { TestDialog } from './TestDialog';

/** What is tested: one name, or with `null` each provider's own first choice. */
export type Trial = { model: string | null } | null;

export function ProvidersTab() {
  const { can } = useHouse();
  const query = useQuery(modelsQuery);
  const [trial, setTrial] = useState<Trial>(null);
  const mayTest = can('manage_models');

  if (query.isPending) return <Skeleton lines={8} />;
  if (!query.data) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const models = query.data;
  const test = mayTest ? (model: string | null) => setTrial({ model }) : undefined;
  return (
    <>
      {query.isError && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
      {!models.configured && (
        <Note tone="info">
          No model is configured: rules answer. Name a provider in <code>config/llm.yaml</code>, or give its key in the environment.
        </Note>
      )}
      {models.providers.length === 0 ? (
        <div className="card">
          <Empty icon="model" title="No providers">
            A provider that is configured is shown here with how it does.
          </Empty>
        </div>
      ) : (
        <section className="stack" aria-label="Providers">
          <div className="row row--between">
            <h2>Providers</h2>
            {test && (
              <Button small icon="play" onClick={() => test(null)}>
                Test all
              </Button>
            )}
          </div>
          <div className="cards cards--half">
            {models.providers.map((it) => (
              <ProviderCard key={it.name} provider={it} test={test} />
            ))}
          </div>
        </section>
      )}
      <div className="cards">
        <Names models={models} test={test} />
        {models.fallbacks.length > 0 && <Fallbacks models={models} />}
        <CacheCard cache={models.cache} />
      </div>
      <PriceCard />
      {trial && <TestDialog model={trial.model} onClose={() => setTrial(null)} />}
    </>
  );
}

/** Priorities and aliases: names that lead to a model. */
function Names({ models, test }: { models: ModelsView; test?: (model: string) => void }) {
  const rows = [
    ...Object.entries(models.priorities).map(([name, target]) => ({ name, target, kind: 'priority' })),
    ...models.aliases.map((it) => ({ ...it, kind: 'alias' })),
    { name: 'embeddings', target: models.embedding, kind: 'embedding' },
  ];
  return (
    <Card title="Names">
      <dl className="names">
        {rows.map((it) => (
          <div key={`${it.kind} ${it.name}`}>
            <dt>
              <span className="wrap">{it.name}</span> {it.kind !== 'embedding' && <Badge>{it.kind}</Badge>}
            </dt>
            <dd>
              {it.target ? <code className="wrap">{it.target}</code> : <span className="quiet">not set</span>}
              {test && it.target && it.kind !== 'embedding' && !it.name.endsWith('*') && <IconButton small icon="play" label={`Test ${it.name}`} onClick={() => test(it.name)} />}
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function Fallbacks({ models }: { models: ModelsView }) {
  return (
    <Card title="Fallbacks">
      <dl className="names">
        {models.fallbacks.map((it) => (
          <div key={it.name}>
            <dt>
              <code className="wrap">{it.name}</code>
            </dt>
            <dd>
              <ol className="fallbacks">
                {it.targets.map((target) => (
                  <li key={target}>
                    <code className="wrap">{target}</code>
                  </li>
                ))}
              </ol>
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function CacheCard({ cache }: { cache: ModelsView['cache'] }) {
  const asked = cache.hits + cache.misses;
  return (
    <Card title="Kept answers" aside={<Badge tone={cache.is_on ? 'good' : 'plain'}>{cache.is_on ? 'On' : 'Off'}</Badge>}>
      {cache.is_on ? (
        <dl className="facts">
          <dt>Hits</dt>
          <dd>
            {number(cache.hits)} of {number(asked)}
            {asked > 0 && ` (${Math.round((cache.hits / asked) * 100)} %)`}
          </dd>
          <dt>Kept</dt>
          <dd>
            {number(cache.entries)} {cache.entries === 1 ? 'answer' : 'answers'}, {bytes(cache.bytes)} of {bytes(cache.bytes_max)}
          </dd>
          <dt>For</dt>
          <dd>{span(cache.ttl_s * 1000)}</dd>
        </dl>
      ) : (
        <p className="quiet">Each question goes to a provider, also when it was asked before.</p>
      )}
    </Card>
  );
}
