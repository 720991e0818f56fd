import { textOf } from '../api/description';
import type { Json } from '../api/types';
import { textDiff, type ValueChange } from './diff';

/** One value before and after, in one line. */
export function InlineDiff({ before, after }: { before: Json | undefined; after: Json | undefined }) {
  const pieces = textDiff(textOf(before), textOf(after));
  const replaced = pieces.length === 2 && pieces[0]?.kind === 'gone' && pieces[1]?.kind === 'new';
  return (
    <span className="diff wrap">
      {pieces.length === 0 && <span className="diff__none">nothing</span>}
      {pieces.map((piece, index) =>
        piece.kind === 'same' ? (
          <span key={index}>{piece.text}</span>
        ) : piece.kind === 'gone' ? (
          <del key={index}>{piece.text}</del>
        ) : (
          <span key={index}>
            {replaced && ' → '}
            <ins>{piece.text}</ins>
          </span>
        ),
      )}
    </span>
  );
}

/** Several fields, each before and after. */
export function Changes({ changes, label }: { changes: ValueChange[]; label: (field: string) => string }) {
  if (changes.length === 0) return <p className="quiet">Nothing differs.</p>;
  return (
    <dl className="changes">
      {changes.map((it) => (
        <div key={it.field} style={{ display: 'contents' }}>
          <dt>{it.field ? label(it.field) : 'Value'}</dt>
          <dd>
            <InlineDiff before={it.before} after={it.after} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
