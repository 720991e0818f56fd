/** Places in the text of a document, what differs between two of its texts, what came of a change, and the documents in their groups. Pure. */
import type { ConfigurationChange, ConfigurationFault, ConfigurationLine } from '../../api/types';

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

/** What does not act as it stands in a document, since only the operator may say it. */
export const heldBack = (faults: ConfigurationFault[]) => faults.filter((it) => it.code === 'held_back' && it.level === 'warning');

/** What is said of a change that is kept, and how loudly. */
export function told(made: ConfigurationChange, what = `Version ${made.version}`): { text: string; tone: 'good' | 'bad' } {
  const kept = made.applied ? `${what} is in force.` : `${what} is kept, and acts at the next start.`;
  const held = heldBack(made.faults);
  return held.length === 0 ? { text: kept, tone: 'good' } : { text: `${kept} Not all of it: ${held.map((it) => it.message).join('; ')}.`, tone: 'bad' };
}

export interface Line {
  kind: 'same' | 'gone' | 'new';
  text: string;
}

/** Beyond so many lines a text counts as replaced whole, since a page must not stand still for it. */
const MOST_LINES = 1_500;

/** What differs between two texts, line by line. */
export function lineDiff(before: string, after: string): Line[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let [head, tail] = [0, 0];
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const line = (kind: Line['kind']) => (text: string) => ({ kind, text });
  const [gone, come] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  return [...a.slice(0, head).map(line('same')), ...middle(gone, come), ...a.slice(a.length - tail).map(line('same'))];
}

/** The changed lines with so many around them; `null` stands for what is left out. */
export function around(lines: Line[], count: number): (Line | null)[] {
  const near = (at: number) => lines.slice(Math.max(0, at - count), at + count + 1).some((it) => it.kind !== 'same');
  const shown: (Line | null)[] = [];
  lines.forEach((it, at) => {
    if (near(at)) shown.push(it);
    else if (shown.length === 0 || shown[shown.length - 1] !== null) shown.push(null);
  });
  return shown;
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

function middle(a: string[], b: string[]): Line[] {
  const gone = a.map((text): Line => ({ kind: 'gone', text }));
  const come = b.map((text): Line => ({ kind: 'new', text }));
  if (a.length === 0 || b.length === 0 || a.length > MOST_LINES || b.length > MOST_LINES) return [...gone, ...come];
  // The longest common subsequence, from the end so that the walk below goes forward.
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i] ?? '' });
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: 'gone', text: a[i++] ?? '' });
    } else {
      lines.push({ kind: 'new', text: b[j++] ?? '' });
    }
  }
  return lines;
}
