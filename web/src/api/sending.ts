/**
 * A door for uploads: it tells how much of the body has gone out, which of all that a browser offers
 * only XMLHttpRequest does. For the rest it is a `fetch`.
 */
import type { Door } from './session';

/** Answers of these kinds have no body, and may be given none. */
const WITHOUT_BODY = [204, 205, 304];

/** `onSent` hears the percentage that has gone out; at 100 the server has it all and has yet to answer. */
export function sending(onSent: (percent: number) => void): Door {
  return async (request) => {
    const body = await request.blob();
    return new Promise((resolve, reject) => {
      const call = new XMLHttpRequest();
      const stop = () => call.abort();
      const end = (act: () => void) => {
        request.signal.removeEventListener('abort', stop);
        act();
      };
      call.open(request.method, request.url);
      request.headers.forEach((value, name) => call.setRequestHeader(name, value));
      call.upload.onprogress = ({ lengthComputable, loaded, total }) => {
        if (lengthComputable && total > 0) onSent(Math.min(100, (loaded / total) * 100));
      };
      call.onload = () => end(() => resolve(answerOf(call)));
      call.onerror = () => end(() => reject(new TypeError('the connection was lost')));
      call.onabort = () => end(() => reject(request.signal.reason));
      if (request.signal.aborted) return reject(request.signal.reason);
      request.signal.addEventListener('abort', stop);
      call.send(body);
    });
  };
}

function answerOf(call: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const line of call.getAllResponseHeaders().trim().split(/[\r\n]+/)) {
    const at = line.indexOf(':');
    if (at > 0) headers.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  return new Response(WITHOUT_BODY.includes(call.status) ? null : call.responseText, { status: call.status, statusText: call.statusText, headers });
}
