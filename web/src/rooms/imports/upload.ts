/** A file and the fields beside it, as the server takes them. */
import { answer, api } from '../../api/client';
import type { JsonObject, PreviewView } from '../../api/types';

export function formOf(file: File, fields: JsonObject = {}): FormData {
  const form = new FormData();
  // Fields first: a server that reads as it comes knows them before the file.
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined) form.append(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  form.append('file', file, file.name);
  return form;
}

export function preview(collection: string, tenant: string | undefined, file: File): Promise<PreviewView> {
  return answer(api.POST('/api/collections/{collection}/preview', { params: { path: { collection }, query: { tenant } }, body: formOf(file) }));
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
