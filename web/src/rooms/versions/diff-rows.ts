/** A diff as one list, in the order a person reads it: what came, what went, what is called otherwise, what changed. */
import { fieldOf, textOf, titleOf } from '../../api/description';
import type { CollectionView, DiffView, RecordView } from '../../api/types';
import type { Tone } from '../../ui/Badge';
import type { ValueChange } from '../../ui/diff';

export type DiffKind = 'added' | 'removed' | 'changed' | 'renamed';

export interface DiffRow {
  id: string;
  kind: DiffKind;
  word: string;
  tone: Tone;
  title: string;
  note: string;
  changes: ValueChange[];
  /** In lower case, for searching. */
  text: string;
}

export const KINDS: { kind: DiffKind; label: string; tone: Tone }[] = [
  { kind: 'added', label: 'added', tone: 'good' },
  { kind: 'removed', label: 'removed', tone: 'bad' },
  { kind: 'changed', label: 'changed', tone: 'info' },
  { kind: 'renamed', label: 'renamed', tone: 'accent' },
];

const WORDS: Record<DiffKind, string> = { added: 'Added', removed: 'Removed', changed: 'Changed', renamed: 'Renamed' };
const TONES: Record<DiffKind, Tone> = { added: 'good', removed: 'bad', changed: 'info', renamed: 'accent' };

export function rowsOfDiff(diff: DiffView, view: CollectionView): DiffRow[] {
  const renamed = new Set(diff.renamed.map((it) => it.lineage));
  const changed = diff.changed.map((it) => {
    return rowOf(renamed.has(it.lineage) ? 'renamed' : 'changed', it.after, view, it.fields);
  });
  return [
    ...diff.added.map((it) => rowOf('added', it, view, [])),
    ...diff.removed.map((it) => rowOf('removed', it, view, [])),
    ...changed.filter((it) => it.kind === 'renamed'),
    ...changed.filter((it) => it.kind === 'changed'),
  ];
}

function rowOf(kind: DiffKind, record: RecordView, view: CollectionView, changes: ValueChange[]): DiffRow {
  const title = titleOf(view, record);
  const note = view.columns
    .filter((it) => it !== view.title)
    .slice(0, 2)
    .map((it) => textOf(fieldOf(record.data, it)))
    .filter(Boolean)
    .join(' · ');
  const text = [title, note, ...changes.flatMap((it) => [textOf(it.before), textOf(it.after)])].join(' ').toLowerCase();
  return { id: `${kind}-${record.id}`, kind, word: WORDS[kind], tone: TONES[kind], title, note, changes, text };
}
