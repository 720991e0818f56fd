import { useRef, useState } from 'react';

import { Badge } from '../../ui/Badge';
import { Card } from '../../ui/Page';
import { type PassageNote, runsOf } from './reading';

/** The text with its passages marked, and beside it what is said of each. Each leads to the other. */
export function Detailed({ text, passages, language }: { text: string; passages: PassageNote[]; language?: string }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const go = (number: number, where: 'mark' | 'comment') => {
    setChosen(number);
    const goal = box.current?.querySelector<HTMLElement>(`[data-${where}="${number}"]`);
    goal?.scrollIntoView({ block: 'nearest' });
    goal?.focus({ preventScroll: true });
  };
  const seen = new Set<number>();
  return (
    <div ref={box} className="sides" lang={language}>
      <Card title="The text">
        <div className="sides__text">
          {runsOf(text, passages).map((run, index) => {
            const [number] = run.of;
            if (number === undefined) return <span key={index}>{run.text}</span>;
            const isFirst = run.of.filter((it) => !seen.has(it));
            run.of.forEach((it) => seen.add(it));
            const isChosen = chosen !== null && run.of.includes(chosen);
            return (
              <span key={index}>
                <mark className="passage" data-chosen={isChosen || undefined}>
                  {run.text}
                </mark>
                {isFirst.map((it) => (
                  <button key={it} type="button" className="passage__number" data-mark={it} aria-label={`Comment ${it + 1} on these words`} aria-current={chosen === it || undefined} onClick={() => go(it, 'comment')}>
                    {it + 1}
                  </button>
                ))}
              </span>
            );
          })}
        </div>
      </Card>
      <ol className="sides__comments" aria-label="Comments">
        {passages.map((it, number) => (
          <li key={number} className="card comment" data-comment={number} tabIndex={-1} data-chosen={chosen === number || undefined} aria-label={`Comment ${number + 1}`}>
            <div className="row">
              <Badge tone="accent">{number + 1}</Badge>
              {it.place ? (
                <button type="button" className="comment__quote grow" onClick={() => go(number, 'mark')} aria-label={`Go to these words: ${it.quote}`}>
                  “{it.quote}”
                </button>
              ) : (
                <span className="quiet grow wrap">“{it.quote}” (not found in the text)</span>
              )}
            </div>
            {it.comment && <p className="wrap">{it.comment}</p>}
            {it.lists.map((list) => (
              <div key={list.title}>
                <h3>{list.title}</h3>
                <ul className="bullets">
                  {list.items.map((item, index) => (
                    <li key={index} className="wrap">
                      {item}
                    </li>
                  ))}
                </ul>
              </div>
            ))}
          </li>
        ))}
      </ol>
    </div>
  );
}
