/** A file and the fields beside it, as the server takes them. */
import { answer, api } from '../../api/client';
import type { PreviewView } from '../../api/types';

/** The body of a request as a form (`bodySerializer`), since a file does not travel as JSON. */
export function asForm(body: object): FormData {
  const form = new FormData();
  const fields = Object.entries(body).filter(([, it]) => it !== null && it !== undefined);
  // Files last: a server that reads as it comes knows the fields before them.
  for (const [name, value] of fields) {
    if (!(value instanceof File)) form.append(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  for (const [name, value] of fields) if (value instanceof File) form.append(name, value, value.name);
  return form;
}

export function preview(collection: string, file: File): Promise<PreviewView> {
  return answer(api.POST('/api/collections/{collection}/preview', { params: { path: { collection } }, body: { file }, bodySerializer: asForm }));
}

/** What is wrong with a file before it is sent, in words. */
export function refusal(file: File, limits: { formats: string[]; max_bytes: number }): string | null {
  const ending = file.name.split('.').at(-1)?.toLowerCase() ?? '';
  if (!limits.formats.includes(ending)) return `“${file.name}” is none of ${limits.formats.map((it) => `.${it}`).join(', ')}.`;
  if (file.size > limits.max_bytes) return `“${file.name}” is larger than allowed. Split it into several files.`;
  if (file.size === 0) return `“${file.name}” is empty.`;
  return null;
}

/** `Spring list 2026.csv` → `Spring list 2026`. */
export function nameOf(file: File): string {
  return file.name.replace(/\.[^.]+$/, '').replace(/[_]+/g, ' ').trim();
}
