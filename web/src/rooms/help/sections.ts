/** What an application says to help its people, out of the texts that it hands to the interface. Pure. */
import { readable } from '../../api/description';
import type { FrontendView, Json } from '../../api/types';

export interface Section {
  title: string;
  text: string;
}

/** The languages in which there is help, as they are written down. */
export function helpLanguages({ texts }: Pick<FrontendView, 'texts'>): string[] {
  return Object.keys(texts).filter((it) => sectionsOf({ texts }, it).length > 0);
}

/**
 * The sections of one language, in the order of the document: `help` alone, `help_scores` or `help.scores`,
 * or an object `help` with a text under each name. A first line `# …` is the title.
 */
export function sectionsOf({ texts }: Pick<FrontendView, 'texts'>, language: string): Section[] {
  return entriesOf(texts[language]).flatMap(([name, value]) => {
    if (!/^help([._-]|$)/.test(name)) return [];
    const title = name === 'help' ? 'Help' : readable(name.slice(5));
    if (typeof value === 'string') return section(title, value);
    return entriesOf(value).flatMap(([inner, text]) => (typeof text === 'string' ? section(readable(inner), text) : []));
  });
}

function section(title: string, text: string): Section[] {
  const heading = /^#+\s+(.+)\r?\n?/.exec(text);
  const rest = heading ? text.slice(heading[0].length).trim() : text.trim();
  return rest ? [{ title: heading?.[1]?.trim() ?? title, text: rest }] : [];
}

function entriesOf(value: Json | undefined): [string, Json][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
