/** What was found in documents: each with its passages, which lead to their places in the text. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { counted } from '../../api/description';
import { documentSearchQuery } from '../../api/queries';
import type { DocumentResult, DocumentResults, Passage } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Note } from '../../ui/Note';

export type Mode = DocumentResults['mode'];

export const MODES: Record<Mode, string> = { hybrid: 'By meaning and words', semantic: 'By meaning', lexical: 'By words' };

/** More of one document than its best passages is for reading the document. */
const PASSAGES_MAX = 4;

export function SearchResults({ text, mode, tag }: { text: string; mode: Mode; tag?: string }) {
  const { tenant } = useHouse();
  const found = useQuery({ ...documentSearchQuery({ query: text, mode, tenant, ...(tag ? { tags: [tag] } : {}) }), placeholderData: keepPreviousData });
  if (found.isError) return <ErrorNote error={found.error} retry={() => void found.refetch()} />;
  if (found.isPending) return <Skeleton lines={8} />;
  const { results, result_count: count, mode: done, model, degraded } = found.data;
  return (
    <div className="stack">
      <div className="row" role="status">
        <span>{counted(count, 'document', 'documents')}</span>
        <Badge tone={done === 'lexical' ? 'plain' : 'accent'}>{MODES[done]}</Badge>
        {model && <code className="quiet wrap">{model}</code>}
      </div>
      {degraded && <Note tone="warn">{degraded}</Note>}
      {results.length === 0 ? (
        <Empty icon="search" title="Nothing found">
          Try other words, or fewer of them. Only documents that are ready are found.
        </Empty>
      ) : (
        <ol className="card">
          {results.map((it) => (
            <Found key={it.document.id} result={it} />
          ))}
        </ol>
      )}
    </div>
  );
}

function Found({ result: { document, score, page, excerpt, passages } }: { result: DocumentResult }) {
  return (
    <li className="found">
      <div className="row">
        <Link to="/documents/$document" params={{ document: document.id }} search={placeIn(passages[0], page)} className="found__title wrap">
          {document.title}
        </Link>
        {document.url && <span className="quiet cut found__url">{document.url}</span>}
        <span className="grow" />
        <span className="quiet number" title="How well it fits">
          {score.toFixed(2)}
        </span>
      </div>
      {passages.length === 0 ? (
        <p className="soft wrap">{excerpt}</p>
      ) : (
        <ul className="found__passages">
          {passages.slice(0, PASSAGES_MAX).map((it) => (
            <li key={it.chunk}>
              <Link to="/documents/$document" params={{ document: document.id }} search={placeIn(it, page)} className="found__passage">
                {it.page !== null && <span className="found__page">Page {it.page}</span>}
                <span className="wrap">{it.text}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function placeIn(passage: Passage | undefined, page: number | null): { from?: number; to?: number; page?: number } {
  if (passage) return { from: passage.start_char, to: passage.end_char };
  return page === null ? {} : { page };
}
