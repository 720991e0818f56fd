import type { VersionView } from '../../api/types';
import { nameOf } from './version';

export function VersionPicker({ versions, value, onChange, label }: { versions: VersionView[]; value: string | undefined; onChange: (id: string) => void; label: string }) {
  return (
    <select className="input" aria-label={label} value={value ?? ''} onChange={(event) => onChange(event.target.value)}>
      {value === undefined && <option value="">Choose…</option>}
      {[...versions]
        .sort((a, b) => b.number - a.number)
        .map((it) => (
          <option key={it.id} value={it.id} disabled={it.state === 'building'}>
            {nameOf(it)}
            {it.is_active ? ' (active)' : it.state === 'building' ? ' (being made)' : ''}
          </option>
        ))}
    </select>
  );
}
