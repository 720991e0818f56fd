/**
 * Keys that act without a pointer. Pure matching of keys to acts; {@link useShortcuts} ties it to a page.
 *
 * A shortcut is one key (`j`, `?`, `Enter`), a key with Ctrl or Cmd (`mod+k`), or two keys after one
 * another (`g j`). Plain keys rest while one types, and while a dialog is open that did not ask for them.
 */

export interface Shortcut {
  keys: string;
  about: string;
  run: () => void;
  /** Where it belongs in the help. */
  group?: string;
}

export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  target: EventTarget | null;
}

/** Two keys belong together when the second follows this soon. */
const PAIR_MS = 900;

export class Matcher {
  #first = '';
  #at = 0;

  /** The shortcut that this press completes, if any. */
  match(press: Press, shortcuts: readonly Shortcut[], now: number): Shortcut | null {
    if (press.altKey) return null;
    const mod = press.ctrlKey || press.metaKey;
    const key = press.key.length === 1 && mod ? press.key.toLowerCase() : press.key;
    if (!mod && isTyping(press.target)) return null;

    const pressed = mod ? `mod+${key}` : key;
    const pair = this.#first && now - this.#at < PAIR_MS ? `${this.#first} ${pressed}` : '';
    const found = shortcuts.find((it) => it.keys === pair) ?? shortcuts.find((it) => it.keys === pressed) ?? null;
    const begins = !found && !mod && shortcuts.some((it) => it.keys.startsWith(`${pressed} `));
    this.#first = begins ? pressed : '';
    this.#at = now;
    return found;
  }
}

/** Is this a place where keys are text? A button is not, but Enter and Space are its own. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit', 'range', 'file'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** How a shortcut is written for people. */
export function spelled(keys: string, isMac: boolean): string[] {
  return keys.split(' ').flatMap((it) => {
    if (!it.startsWith('mod+')) return [it];
    return [isMac ? '⌘' : 'Ctrl', it.slice(4).toUpperCase()];
  });
}
