/** The acts one may ask the audit log for, found by typing. Pure. */
import { readable } from '../../api/description';
import type { Option } from '../../ui/Combobox';

/** Those that fit what was typed. An act that nobody did lately may be asked for by its exact name. */
export function actionsFor(text: string, known: string[]): Option[] {
  const words = text.trim();
  const name = words.replace(/\s+/g, '_');
  const fits = (it: string) => [it, readable(it)].some((spelled) => spelled.toLowerCase().includes(words.toLowerCase()));
  const fitting = known.filter(fits).map((it) => ({ id: it, label: readable(it) }));
  return !words || known.includes(name) ? fitting : [...fitting, { id: name, label: `Exactly “${name}”` }];
}
