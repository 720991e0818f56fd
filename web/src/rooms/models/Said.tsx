/** One question and what came of it: the words, who said them, how fast, for how much. */
import { memo } from 'react';

import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { CopyButton } from '../../ui/CodeText';
import { ErrorNote } from '../../ui/ErrorNote';
import { dollars, number, span } from '../../ui/format';
import { Note } from '../../ui/Note';
import { type Answer, type Exchange, speedOf } from './conversation';

export const Said = memo(function Said({ exchange: { question, model, answer }, again }: { exchange: Exchange; again?: () => void }) {
  const isUnderWay = answer.state === 'waiting' || answer.state === 'answering';
  return (
    <article className="said" aria-label={question.slice(0, 80)}>
      <div className="said__question wrap">{question}</div>
      {answer.thinking && (
        <details className="said__thinking">
          <summary>Thinking</summary>
          <div className="wrap soft">{answer.thinking}</div>
        </details>
      )}
      {answer.state === 'waiting' && (
        <p className="row quiet">
          <span className="spinner" aria-hidden="true" />
          <span>
            Waiting for <code>{model}</code>
          </span>
        </p>
      )}
      {answer.text && (
        <div className="said__answer wrap" data-under-way={isUnderWay || undefined}>
          {answer.text}
        </div>
      )}
      {answer.state === 'done' && !answer.text && <p className="quiet">The model said nothing.</p>}
      {answer.state === 'stopped' && <Note>You stopped it. What was used until then is counted.</Note>}
      {answer.finish === 'length' && <Note tone="warn">The answer is cut: it came to the most tokens it may have.</Note>}
      {answer.finish === 'content_filter' && <Note tone="warn">The provider’s filter ended the answer.</Note>}
      <ErrorNote error={answer.fault} retry={again} />
      {!isUnderWay && (
        <div className="said__foot">
          <Figures answer={answer} />
          <span className="row">
            {answer.text && <CopyButton text={answer.text} label="Copy the answer" />}
            {again && !answer.fault && (
              <Button small kind="plain" icon="refresh" onClick={again}>
                Ask again
              </Button>
            )}
          </span>
        </div>
      )}
    </article>
  );
});

function Figures({ answer }: { answer: Answer }) {
  const { by, cost } = answer;
  const tokens = answer.tokens ?? cost?.tokens;
  const about = cost?.isEstimated && !answer.tokens ? '≈ ' : '';
  const { firstMs, totalMs, tokensPerSecond } = speedOf(answer);
  return (
    <dl className="facts--line said__figures">
      {by?.model && (
        <Figure label="Answered by">
          <code className="wrap">{by.model.startsWith(`${by.provider}/`) || !by.provider ? by.model : `${by.provider}/${by.model}`}</code> {by.isFallback && <Badge tone="warn">Fallback</Badge>}{' '}
          {by.cache === 'hit' && <Badge tone="info">From the cache</Badge>}
        </Figure>
      )}
      {tokens && (
        <Figure label="Tokens">
          {about}
          {number(tokens.in)} in{tokens.cached > 0 && ` (${number(tokens.cached)} cached)`}, {number(tokens.out)} out
        </Figure>
      )}
      {cost && <Figure label="Cost">{cost.usd === null ? <span title="No price is known for this model.">unknown</span> : `${cost.isEstimated ? '≈ ' : ''}${dollars(cost.usd)}`}</Figure>}
      {firstMs !== null && <Figure label="First token">{span(firstMs)}</Figure>}
      {totalMs !== null && <Figure label="In all">{span(totalMs)}</Figure>}
      {tokensPerSecond !== null && <Figure label="Speed">{number(Math.round(tokensPerSecond))} tokens/s</Figure>}
      {by?.queueWaitMs ? <Figure label="Waited">{span(by.queueWaitMs)}</Figure> : null}
      {cost && cost.attempts > 1 && <Figure label="Attempts">{cost.attempts}</Figure>}
    </dl>
  );
}

function Figure({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="soft">{children}</dd>
    </div>
  );
}
