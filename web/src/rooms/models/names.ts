/** Names of models to choose from: those listed, and whatever is typed. */
import type { Option } from '../../ui/Combobox';

interface Listed {
  id: string;
  owned_by: string;
}

/** Where a playground begins: the middle priority, else whatever comes first. */
export function firstOf(names: Listed[]): string {
  return (names.find((it) => it.id === 'balanced') ?? names[0])?.id ?? '';
}

export function namesFor(text: string, names: Listed[]): Option[] {
  const typed = text.trim();
  const found = names.filter((it) => it.id.toLowerCase().includes(typed.toLowerCase())).slice(0, 200);
  const options = found.map((it): Option => ({ id: it.id, label: it.id, note: it.id.startsWith(`${it.owned_by}/`) ? undefined : it.owned_by }));
  return typed && !names.some((it) => it.id === typed) ? [...options, { id: typed, label: typed, note: 'as typed' }] : options;
}
