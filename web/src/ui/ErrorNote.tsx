import { asFault } from '../api/problem';
import { Button } from './Button';
import { Note } from './Note';

/** What went wrong, what to do about it, and what to quote when asking for help. */
export function ErrorNote({ error, retry }: { error: unknown; retry?: () => void }) {
  if (!error) return null;
  const { problem, retryAfter } = asFault(error);
  return (
    <Note tone="bad" role="alert">
      <strong>{problem.title}</strong>
      {problem.detail && plain(problem.detail) !== plain(problem.title) && <p>{problem.detail}</p>}
      {problem.errors && problem.errors.length > 0 && (
        <ul>
          {problem.errors.map((it, index) => (
            <li key={index}>
              {it.field && <code>{it.field}</code>} {it.message}
              {it.hint && <span className="soft"> {it.hint}</span>}
            </li>
          ))}
        </ul>
      )}
      <p className="soft">{problem.hint ?? hintFor(problem.status, retryAfter)}</p>
      <p className="note__small row">
        <span>
          Code <code>{problem.code}</code>
          {problem.request_id && (
            <>
              {' · request '}
              <code>{problem.request_id}</code>
            </>
          )}
        </span>
        {retry && (
          <Button small icon="refresh" onClick={retry}>
            Try again
          </Button>
        )}
      </p>
    </Note>
  );
}

/** A detail that only says the title again is not worth a line. */
function plain(text: string): string {
  return text.toLowerCase().replace(/\.$/, '');
}

/** The way out, when the server named none. */
function hintFor(status: number, retryAfter: number | null): string | null {
  if (status === 403) return 'Your role does not allow this. Someone who manages users can change it.';
  if (status === 404) return 'It may have been deleted, or the address is mistyped.';
  if (status === 429 || status === 503) return retryAfter ? `Try again in ${retryAfter} s.` : 'Try again in a moment.';
  return null;
}
