/** What a version is called, and which one a page shows when none is named. */
import { readable } from '../../api/description';
import type { RecordView, VersionView } from '../../api/types';

export function nameOf(version: Pick<VersionView, 'number' | 'label'>): string {
  return version.label ? `v${version.number} · ${version.label}` : `v${version.number}`;
}

/** The named one, else the active one, else the newest that is ready. */
export function shownOf(versions: VersionView[], named: string | undefined): VersionView | undefined {
  const newest = [...versions].sort((a, b) => b.number - a.number);
  return versions.find((it) => it.id === named) ?? versions.find((it) => it.is_active) ?? newest.find((it) => it.state === 'ready');
}

/** What to compare when nothing was chosen: the newest with the active one, or with the one before it. */
export function pairOf(versions: VersionView[], from: string | undefined, to: string | undefined): [VersionView, VersionView] | null {
  const newest = [...versions].filter((it) => it.state === 'ready').sort((a, b) => b.number - a.number);
  const right = versions.find((it) => it.id === to) ?? newest[0];
  if (!right) return null;
  const left = versions.find((it) => it.id === from) ?? newest.find((it) => it.is_active && it.id !== right.id) ?? newest.find((it) => it.number < right.number);
  return left ? [left, right] : null;
}

const ORIGINS: Record<VersionView['origin'], string> = {
  import: 'Import',
  change: 'Change',
  task: 'Task',
  proposals: 'Accepted proposals',
  revert: 'Taken back',
};

export function originOf(version: VersionView, taskTitle: string | undefined): string {
  if (version.origin === 'task' && version.task) return taskTitle ?? readable(version.task);
  return ORIGINS[version.origin];
}

/** Who made its content: rules, or which model. */
export function makerOf(producedBy: string | null): string | null {
  if (!producedBy) return null;
  return producedBy === 'rules' ? 'by rules' : `by ${producedBy}`;
}

export function isLocked(record: RecordView): boolean {
  return record.lock !== null;
}
