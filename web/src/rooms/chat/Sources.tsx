import { useState } from 'react';

import { counted } from '../../api/description';
import type { Citation, SourceView } from '../../api/types';
import { Button } from '../../ui/Button';
import { hostOf, SourceLink, titleOf } from './SourceLink';

/** What an answer names, with the words it went by; what else it was given can be looked at too. */
export function Sources({ citations, sources }: { citations: Citation[]; sources: SourceView[] }) {
  const [isWhole, setWhole] = useState(false);
  const named = new Set(citations.map((it) => it.number));
  const others = sources.filter((it) => !named.has(it.number));
  if (citations.length === 0 && others.length === 0) return null;
  const excerptOf = (number: number) => sources.find((it) => it.number === number)?.excerpt;
  return (
    <div className="sources">
      {citations.length > 0 && (
        <section aria-label="Sources">
          <div className="row row--between">
            <h3 className="quiet">{counted(citations.length, 'source', 'sources')}</h3>
            {citations.some((it) => excerptOf(it.number)) && (
              <Button small kind="plain" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
                {isWhole ? 'Shorter' : 'Whole passages'}
              </Button>
            )}
          </div>
          <ol className="sources__list">
            {citations.map((it) => (
              <SourceRow key={it.number} source={it} excerpt={excerptOf(it.number)} isWhole={isWhole} />
            ))}
          </ol>
        </section>
      )}
      {others.length > 0 && (
        <details className="sources__others">
          <summary>{counted(others.length, 'passage was', 'passages were')} looked at and not named</summary>
          <ol className="sources__list">
            {others.map((it) => (
              <SourceRow key={it.number} source={it} excerpt={it.excerpt} isWhole={isWhole} />
            ))}
          </ol>
        </details>
      )}
    </div>
  );
}

function SourceRow({ source, excerpt, isWhole }: { source: Citation; excerpt: string | undefined; isWhole: boolean }) {
  return (
    <li className="source">
      <span className="cite cite--still" aria-hidden="true">
        {source.number}
      </span>
      <div className="grow">
        <SourceLink source={source} className="wrap">
          {titleOf(source)}
        </SourceLink>
        {source.type === 'web' && <span className="quiet"> · {hostOf(source.url) ?? 'the web'}</span>}
        {excerpt && <blockquote className={isWhole ? 'soft wrap' : 'soft wrap source__short'}>{excerpt}</blockquote>}
      </div>
    </li>
  );
}
