/**
 * What may be put in, as the server says at the start. A file is held against it before it goes out, so that
 * nobody waits for a refusal; what a file really is, the server finds out by looking into it.
 */
import { Fault } from '../../api/problem';
import type { AppView } from '../../api/types';
import { bytes } from '../../ui/format';

export type Limits = AppView['uploads'];

const KINDS: Record<string, { words: string; endings: string[] }> = {
  pdf: { words: 'PDF', endings: ['.pdf'] },
  docx: { words: 'Word', endings: ['.docx'] },
  xlsx: { words: 'Excel', endings: ['.xlsx'] },
  html: { words: 'HTML', endings: ['.html', '.htm'] },
  md: { words: 'Markdown', endings: ['.md'] },
  txt: { words: 'text', endings: ['.txt'] },
  json: { words: 'JSON', endings: ['.json'] },
  csv: { words: 'CSV', endings: ['.csv'] },
};

/** What the chooser of files offers first. */
export function endingsOf({ kinds }: Limits): string[] {
  return kinds.flatMap((it) => KINDS[it]?.endings ?? [`.${it}`]);
}

/** `PDF, Word, CSV; up to 5 MB each`. */
export function limitWords(limits: Limits): string {
  return `${kindWords(limits)}; up to ${bytes(limits.bytes_max)} each`;
}

/** Why this file would be refused, as far as that can be told from here. */
export function refusalOf({ name, size }: Pick<File, 'name' | 'size'>, limits: Limits): Fault | null {
  if (!limits.enabled) return new Fault({ title: 'Documents are not taken in', status: 503, code: 'uploads_disabled', detail: 'Documents are not taken in at the moment.' });
  if (size === 0) return new Fault({ title: 'The file is empty', status: 422, code: 'invalid_file', detail: 'The file is empty.' });
  if (size > limits.bytes_max) {
    return new Fault({ title: 'The file is too large', status: 413, code: 'file_too_large', detail: `The file has ${bytes(size)}; at most ${bytes(limits.bytes_max)} are taken.` });
  }
  const kind = Object.keys(KINDS).find((it) => KINDS[it]?.endings.some((ending) => name.toLowerCase().endsWith(ending)));
  if (kind === undefined || limits.kinds.includes(kind)) return null;
  return new Fault({ title: 'The file is of another kind', status: 400, code: 'invalid_file_type', detail: `${KINDS[kind]?.words ?? kind} is not taken here; taken are: ${kindWords(limits)}.` });
}

function kindWords({ kinds }: Limits): string {
  return kinds.map((it) => KINDS[it]?.words ?? it).join(', ');
}
