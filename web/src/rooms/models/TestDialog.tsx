/** Asks one short question, and says how it went. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

import { answer, api } from '../../api/client';
import { capital, counted } from '../../api/description';
import type { ModelTest } from '../../api/types';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorNote } from '../../ui/ErrorNote';
import { dollars, number, span } from '../../ui/format';

export function TestDialog({ model, onClose }: { model: string | null; onClose: () => void }) {
  const client = useQueryClient();
  const { mutate, ...test } = useMutation({
    mutationFn: () => answer(api.POST('/api/models/test', { body: model === null ? {} : { model } })),
    onSettled: () => {
      for (const key of ['models', 'usage', 'budgets']) void client.invalidateQueries({ queryKey: [key] });
    },
  });
  // Opening it is the wish: it runs once by itself.
  const begun = useRef(false);
  useEffect(() => {
    if (!begun.current) mutate();
    begun.current = true;
  }, [mutate]);

  const tests = test.data?.tests ?? [];
  const failed = tests.filter((it) => !it.ok).length;
  return (
    <Dialog
      open
      onClose={onClose}
      title={model === null ? 'Test of all providers' : `Test of ${model}`}
      about="One short question each, counted in the usage like any other."
      foot={
        <>
          <Button icon="refresh" busy={test.isPending} onClick={() => mutate()}>
            Test again
          </Button>
          <Button kind="main" onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <div className="stack">
        <p className="quiet" role="status">
          {test.isPending ? 'Asking…' : test.data && (failed === 0 ? `${counted(tests.length, 'model', 'models')} answered.` : `${number(failed)} of ${number(tests.length)} did not answer.`)}
        </p>
        <ErrorNote error={test.error} />
        {!test.isPending && tests.length > 0 && (
          <ul className="tests">
            {tests.map((it) => (
              <Result key={`${it.provider} ${it.model}`} test={it} />
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}

function Result({ test }: { test: ModelTest }) {
  return (
    <li className="test">
      <div className="row row--between">
        <code className="wrap">{test.model ?? test.provider}</code>
        <Badge tone={test.ok ? 'good' : 'bad'} dot>
          {test.ok ? 'Answered' : 'Failed'}
        </Badge>
      </div>
      <dl className="facts--line quiet">
        {test.latency_ms > 0 && <Fact label="took" value={span(test.latency_ms)} />}
        {test.ttft_ms !== null && <Fact label="first token" value={span(test.ttft_ms)} />}
        {(test.ok || test.tokens_in + test.tokens_out > 0) && <Fact label="tokens" value={`${number(test.tokens_in)} in, ${number(test.tokens_out)} out`} />}
        {test.ok && <Fact label="cost" value={test.cost_usd === null ? 'unknown' : dollars(test.cost_usd)} />}
      </dl>
      {test.error && (
        <>
          <p>{capital(test.error.message)}</p>
          {test.error.hint && <p className="soft">{capital(test.error.hint)}</p>}
          <p className="quiet">
            Code <code>{test.error.code}</code>
          </p>
        </>
      )}
    </li>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
