import { Link } from '@tanstack/react-router';

import { counted } from '../../api/description';
import { Note } from '../../ui/Note';
import type { Made } from './made';

/** What a job put in, and what it could not. */
export function MadeDocuments({ made: { documents, pages, faults } }: { made: Made }) {
  const [only] = documents;
  return (
    <div className="stack">
      {pages !== null && (
        <p>
          {counted(documents.length, 'document', 'documents')} of {counted(pages, 'page', 'pages')}.
        </p>
      )}
      <div className="row">
        {only && documents.length === 1 ? (
          <Link to="/documents/$document" params={{ document: only }} className="button button--main">
            Open the document
          </Link>
        ) : (
          documents.length > 0 && (
            <Link to="/documents" className="button button--main">
              See the documents
            </Link>
          )
        )}
      </div>
      {faults.length > 0 && (
        <Note tone="warn">
          <strong>{counted(faults.length, 'page', 'pages')} could not be had</strong>
          <ul>
            {faults.map((it) => (
              <li key={it.url} className="wrap">
                {it.url} <span className="soft">{it.message}</span>
              </li>
            ))}
          </ul>
        </Note>
      )}
    </div>
  );
}
