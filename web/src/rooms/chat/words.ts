/** What is told of an answer, in words for people: what is done meanwhile, and why it did not become whole. */
import { counted } from '../../api/description';
import { Fault } from '../../api/problem';
import type { AnswerEvent } from '../../api/types';

/** What goes on, and what the reader should know of it. */
export function stageIn(data: AnswerEvent): { stage?: string; note?: string } {
  switch (data.stage) {
    case 'rag_gate':
      return { stage: data.rag_enabled ? 'Looking round' : 'Thinking' };
    case 'web_search':
      if ((data.progress ?? 0) < 100) return { stage: 'Searching the web' };
      // Nothing was found, or it could not be searched: the server says which.
      return { stage: `Found ${counted(data.total_web_results ?? 0, 'result', 'results')} on the web`, note: data.total_web_results === 0 && !/^0 results/.test(data.message ?? '') ? data.message : undefined };
    case 'embeddings':
      return { stage: 'Looking up documents' };
    case 'retrieval':
      return { stage: `Found ${counted(data.returned ?? 0, 'passage', 'passages')}`, note: data.degraded ?? data.message };
    case 'citations':
      return { stage: data.count ? `Reading ${counted(data.count, 'source', 'sources')}` : 'Nothing was found to go by' };
    default:
      return {};
  }
}

interface Words {
  title: string;
  hint: string;
}

const AGAIN = 'Ask again in a moment.';

/** Why an answer did not become whole, and the way out, by the server's code. */
const FAULTS: Record<string, Words> = {
  model_unavailable: { title: 'No model answers', hint: `${AGAIN} If it stays so, someone who manages models sees why under Models.` },
  model_timeout: { title: 'The model took too long', hint: 'Ask again, or ask for less at once.' },
  model_rate_limited: { title: 'Too many questions at this moment', hint: AGAIN },
  model_error: { title: 'The model failed', hint: 'Ask again; if it fails again, put the question in other words.' },
  quota_exceeded: { title: 'The budget for models is used up', hint: 'Wait until it begins anew, or ask someone who manages budgets.' },
  cancelled: { title: 'The answer was stopped', hint: 'Ask again for a whole one.' },
  interrupted: { title: 'The server stopped while it answered', hint: 'What was written is kept. Ask again for a whole answer.' },
  database_unavailable: { title: 'The database does not answer at this moment', hint: AGAIN },
  chat_not_found: { title: 'This chat is not there any more', hint: 'Begin a new one.' },
  run_not_found: { title: 'Nothing is known of this answer any more', hint: 'Ask again.' },
};

/** An `error` of a stream, as any other fault. */
export function faultIn({ code = 'internal', message, status_code, request_id, retry_after_s }: AnswerEvent): Fault {
  const words = FAULTS[code];
  const wait = retry_after_s ?? null;
  return new Fault(
    {
      title: words?.title ?? 'The answer did not become whole',
      detail: message,
      hint: wait !== null ? `Ask again in ${wait} s.` : words?.hint,
      status: status_code ?? 500,
      code,
      request_id,
    },
    wait,
  );
}

/** The same for a run that ended before anybody looked. */
export function faultOfRun(code: string | null): Fault {
  return faultIn({ code: code ?? 'internal' });
}

/** What is read out when an answer is there: all of a short one, of a long one how long it is. */
export function spoken(text: string, sources: number): string {
  const words = text.split(/\s+/).filter(Boolean);
  const cited = sources > 0 ? ` It names ${counted(sources, 'source', 'sources')}.` : '';
  if (words.length > 80) return `The answer is there, ${words.length} words.${cited}`;
  return `The answer: ${plain(text)}${cited}`;
}

/** Without the signs that are drawn, not read. */
function plain(text: string): string {
  return text.replace(/\[(\d{1,3})\]/g, '').replace(/[`*_#>|]+/g, '').replace(/\s+/g, ' ').trim();
}
