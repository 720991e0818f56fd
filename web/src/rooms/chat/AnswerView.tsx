/** One answer: the words with their sources, and modestly how it was made. */
import { memo, type ReactNode, useMemo } from 'react';

import type { Citation, ContextUsed, MessageView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { CopyButton } from '../../ui/CodeText';
import { ErrorNote } from '../../ui/ErrorNote';
import { dollars, number, span } from '../../ui/format';
import { Note } from '../../ui/Note';
import { contextWords } from './about';
import { contextOf, type Figures, figuresOf, isQuote, isUnderWay, type Live, notesOf } from './answer';
import { Prose } from './Prose';
import { Cite } from './SourceLink';
import { Sources } from './Sources';

interface Kept {
  message: MessageView;
  /** Of the record it is about. */
  collection: string | null;
  /** What this page knows of it beyond what is kept. */
  live?: Live;
  again?: () => void;
}

/** One that is kept. */
export const KeptAnswer = memo(function KeptAnswer({ message, collection, live, again }: Kept) {
  return (
    <article className="answer" aria-label="Answer">
      {isQuote(message) && <Quoting />}
      {message.content ? <Cited text={message.content} citations={message.citations} /> : <p className="quiet">The answer is empty.</p>}
      {message.state === 'interrupted' && <Note tone="warn">Interrupted: what was written until then is kept.</Note>}
      {live?.finish === 'length' && <Cut />}
      {notesOf(message).map((it) => (
        <Note key={it} tone="warn">
          {it}
        </Note>
      ))}
      <Sources citations={message.citations} sources={message.sources} />
      <Foot text={message.content} figures={figuresOf(message, live)} used={contextOf(message)} collection={collection} again={again} />
    </article>
  );
});

/** One that is coming, or that did not become whole. */
export function LiveAnswer({ live, again }: { live: Live; again?: () => void }) {
  const underWay = isUnderWay(live);
  return (
    <article className="answer" aria-label="Answer" aria-busy={underWay}>
      {live.isQuoting && <Quoting />}
      {live.text && <Cited text={live.text} citations={live.citations} isUnderWay={underWay} />}
      {live.state === 'waiting' && <Working>{live.isStopping ? 'Stopping' : live.stage}</Working>}
      {underWay && live.isCut && <Working>The connection is lost; the answer goes on as soon as it is back</Working>}
      {live.state === 'done' && !live.text && <p className="quiet">The answer is empty.</p>}
      {live.cut && (
        <Note tone="warn">
          The question was too long: of {number(live.cut.of)} characters the first {number(live.cut.used)} were used.
        </Note>
      )}
      {live.finish === 'length' && <Cut />}
      {live.notes.map((it) => (
        <Note key={it} tone="warn">
          {it}
        </Note>
      ))}
      {live.state === 'stopped' && <Note>{live.isStopping ? 'You stopped it.' : live.fault?.problem.detail}{live.text && ' What was written until then is kept.'}</Note>}
      {live.state === 'failed' && <ErrorNote error={live.fault} retry={again} />}
      {live.state === 'stopped' && again && (
        <div className="row row--end">
          <Again run={again} />
        </div>
      )}
    </article>
  );
}

function Quoting() {
  return <Note tone="info">No model is set up: the answer quotes the best passages.</Note>;
}

function Cut() {
  return <Note tone="warn">The answer is cut: it came to the most words it may have.</Note>;
}

function Working({ children }: { children: ReactNode }) {
  return (
    <p className="row quiet">
      <span className="spinner" aria-hidden="true" />
      <span>{children}</span>
    </p>
  );
}

function Cited({ text, citations, isUnderWay }: { text: string; citations: Citation[]; isUnderWay?: boolean }) {
  const [known, cite] = useMemo(() => {
    const sources = new Map(citations.map((it) => [it.number, it]));
    const mark = (number: number) => {
      const source = sources.get(number);
      return source ? <Cite source={source} /> : `[${number}]`;
    };
    return [new Set(sources.keys()), mark] as const;
  }, [citations]);
  return <Prose text={text} known={known} cite={cite} isUnderWay={isUnderWay} />;
}

function Foot({ text, figures, used, collection, again }: Pick<Kept, 'collection' | 'again'> & { text: string; figures: Figures; used: ContextUsed | null }) {
  const { app } = useHouse();
  const { model, tokens, costUsd, confidence, firstMs, totalMs } = figures;
  return (
    <div className="answer__foot">
      <dl className="facts--line answer__figures">
        {model && model !== 'quotes' && (
          <Figure label="Model">
            <code className="wrap">{model}</code>
          </Figure>
        )}
        {confidence !== null && (
          <Figure label="Confidence">
            <span title="How well its sources fit, and how many of its sentences name one. Computed, not asked of the model.">{Math.round(confidence * 100)} %</span>
          </Figure>
        )}
        {tokens !== null && <Figure label="Tokens">{number(tokens)}</Figure>}
        {costUsd !== undefined && <Figure label="Cost">{costUsd === null ? <span title="No price is known for this model.">unknown</span> : dollars(costUsd)}</Figure>}
        {firstMs !== null && <Figure label="First word">{span(firstMs)}</Figure>}
        {totalMs !== null && <Figure label="In all">{span(totalMs)}</Figure>}
        {used && <Figure label="Went along">{contextWords(app, collection, used)}</Figure>}
      </dl>
      <span className="row">
        {text && <CopyButton text={text} label="Copy the answer" />}
        {again && <Again run={again} />}
      </span>
    </div>
  );
}

function Again({ run }: { run: () => void }) {
  return (
    <Button small kind="plain" icon="refresh" onClick={run}>
      Answer again
    </Button>
  );
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="soft">{children}</dd>
    </div>
  );
}
