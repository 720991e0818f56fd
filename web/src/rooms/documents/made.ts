/** Which documents a job made, read out of its result: one that was taken in, or the pages of a site. */
import type { Json, JsonObject } from '../../api/types';

export interface Made {
  documents: string[];
  /** Pages that were fetched; null where it was none. */
  pages: number | null;
  faults: { url: string; message: string }[];
}

/** Null when the job was about something else. */
export function madeIn(kind: string, result: JsonObject): Made | null {
  if (!kind.startsWith('knowledge.')) return null;
  const { document, documents, pages, faults } = result;
  return {
    documents: [document, ...listIn(documents)].filter((it) => typeof it === 'string'),
    pages: typeof pages === 'number' ? pages : null,
    faults: listIn(faults).filter(isObject).map((it) => ({ url: textIn(it.url), message: textIn(it.message) })),
  };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listIn(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function textIn(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
