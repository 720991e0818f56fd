/** Places in the text of a document, and the documents in their groups. Pure. */
import type { ConfigurationLine } from '../../api/types';

/** The groups in the order in which they are shown. */
export const CATEGORIES = { business_logic: 'Business logic', system_security: 'Security', components: 'Components', infrastructure: 'Infrastructure', operations: 'Operations' } as const;

/** The documents by group; those that belong to none are the last. */
export function grouped(lines: ConfigurationLine[]): { title: string; documents: ConfigurationLine[] }[] {
  const groups = Object.entries(CATEGORIES).map(([name, title]) => ({ title, documents: lines.filter((it) => it.category === name) }));
  return [...groups, { title: 'Others', documents: lines.filter((it) => it.category === null) }].filter((it) => it.documents.length > 0);
}

/** Where the line and column begin in a text, in the units of a text field; its end when the text is shorter. */
export function placeIn(text: string, line: number, column: number): number {
  let at = 0;
  for (let number = 1; number < line; number++) {
    const next = text.indexOf('\n', at);
    if (next < 0) return text.length;
    at = next + 1;
  }
  const end = text.indexOf('\n', at);
  return Math.min(at + Math.max(0, column - 1), end < 0 ? text.length : end);
}
