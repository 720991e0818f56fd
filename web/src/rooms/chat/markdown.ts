/**
 * The markdown that models write, read into a tree. No HTML comes of it: what looks like a tag stays text,
 * pictures become links, and only web and mail addresses are followed.
 *
 * Reads unfinished text too, as it stands while an answer comes. Start at {@link read}.
 */

export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'strong' | 'em' | 'gone'; of: Inline[] }
  | { kind: 'link'; href: string; of: Inline[] }
  | { kind: 'cite'; number: number }
  | { kind: 'break' };

export type Block =
  | { kind: 'paragraph'; of: Inline[] }
  | { kind: 'heading'; level: number; of: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'quote'; of: Block[] }
  | { kind: 'list'; isOrdered: boolean; start: number; items: Block[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'line' };

/** Which numbers in brackets name a source. */
export type Known = ReadonlySet<number>;

/** What is nested deeper than this is read as plain text. */
const DEPTH_MAX = 8;

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/;
const LINE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])([ \t]+|$)/;
const RULE = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

export function read(text: string, known: Known): Block[] {
  return blocks(text.replace(/\r\n?/g, '\n').replace(/\t/g, '    ').split('\n'), known, 0);
}

function blocks(lines: string[], known: Known, depth: number): Block[] {
  const out: Block[] = [];
  let at = 0;
  const line = () => lines[at] ?? '';
  while (at < lines.length) {
    const here = line();
    const fence = FENCE.exec(here);
    const heading = HEADING.exec(here);
    if (here.trim() === '') at += 1;
    else if (fence) {
      const body: string[] = [];
      const closing = new RegExp(`^ {0,3}${fence[1]?.[0] === '~' ? '~' : '`'}{${fence[1]?.length ?? 3},}[ \\t]*$`);
      for (at += 1; at < lines.length && !closing.test(line()); at += 1) body.push(line());
      at += 1;
      out.push({ kind: 'code', language: fence[2] ?? '', text: body.join('\n') });
    } else if (heading) {
      out.push({ kind: 'heading', level: heading[1]?.length ?? 1, of: inline(heading[2] ?? '', known) });
      at += 1;
    } else if (LINE.test(here)) {
      out.push({ kind: 'line' });
      at += 1;
    } else if (QUOTE.test(here) && depth < DEPTH_MAX) {
      const body: string[] = [];
      for (; QUOTE.test(line()); at += 1) body.push(line().replace(QUOTE, ''));
      out.push({ kind: 'quote', of: blocks(body, known, depth + 1) });
    } else if (ITEM.test(here) && depth < DEPTH_MAX) {
      const [list, next] = listAt(lines, at, known, depth);
      out.push(list);
      at = next;
    } else if (here.includes('|') && RULE.test(lines[at + 1] ?? '') && (lines[at + 1] ?? '').includes('-')) {
      const head = cells(here, known);
      const rows: Inline[][][] = [];
      for (at += 2; at < lines.length && line().includes('|'); at += 1) rows.push(cells(line(), known).slice(0, head.length));
      out.push({ kind: 'table', head, rows });
    } else {
      const body = [here];
      for (at += 1; at < lines.length && !endsParagraph(line()); at += 1) body.push(line());
      out.push({ kind: 'paragraph', of: inline(body.map((it) => it.trimStart()).join('\n').trimEnd(), known) });
    }
  }
  return out;
}

/** Only a list that begins at one may follow a paragraph without a space between: a line may begin with a year. */
function endsParagraph(line: string): boolean {
  return line.trim() === '' || FENCE.test(line) || HEADING.test(line) || LINE.test(line) || QUOTE.test(line) || /^ {0,3}([-*+]|1[.)]) +\S/.test(line);
}

function listAt(lines: string[], from: number, known: Known, depth: number): [Block, number] {
  const first = ITEM.exec(lines[from] ?? '')?.[2] ?? '-';
  const isOrdered = /\d/.test(first);
  const items: Block[][] = [];
  let at = from;
  while (at < lines.length) {
    const item = ITEM.exec(lines[at] ?? '');
    if (!item || /\d/.test(item[2] ?? '') !== isOrdered || LINE.test(lines[at] ?? '')) break;
    const inner = item[0].length + (item[3] ? 0 : 1);
    const body = [(lines[at] ?? '').slice(item[0].length)];
    for (at += 1; at < lines.length; at += 1) {
      const here = lines[at] ?? '';
      const indent = here.length - here.trimStart().length;
      const isBlank = here.trim() === '';
      // A blank line belongs to the item when it goes on behind it.
      if (isBlank && !isInside(lines, at, item[1]?.length ?? 0)) break;
      if (!isBlank && indent <= (item[1]?.length ?? 0) && (ITEM.test(here) || endsParagraph(here) || (lines[at - 1] ?? '').trim() === '')) break;
      body.push(here.slice(Math.min(indent, inner)));
    }
    items.push(blocks(body, known, depth + 1));
    // Blank lines between two items.
    let next = at;
    while (next < lines.length && (lines[next] ?? '').trim() === '') next += 1;
    if (!ITEM.test(lines[next] ?? '')) break;
    at = next;
  }
  return [{ kind: 'list', isOrdered, start: isOrdered ? Number.parseInt(first, 10) : 1, items }, at];
}

function isInside(lines: string[], from: number, outer: number): boolean {
  const next = lines.slice(from, from + 3).find((it) => it.trim() !== '');
  return next !== undefined && next.length - next.trimStart().length > outer;
}

function cells(line: string, known: Known): Inline[][] {
  const inside = line.trim().replace(/^\|/, '').replace(/(?<!\\)\|$/, '');
  return inside.split(/(?<!\\)\|/).map((it) => inline(it.trim().replaceAll('\\|', '|'), known));
}

const MARKS = [
  ['**', 'strong'],
  ['__', 'strong'],
  ['~~', 'gone'],
  ['*', 'em'],
  ['_', 'em'],
] as const;

export function inline(text: string, known: Known, depth = 0): Inline[] {
  const out: Inline[] = [];
  /** Marks that nothing closes from here on: looked for once. */
  const open = new Set<string>();
  let plain = '';
  let at = 0;
  const put = (piece: Inline, next: number) => {
    if (plain) out.push({ kind: 'text', text: plain });
    plain = '';
    out.push(piece);
    at = next;
  };

  while (at < text.length) {
    const letter = text[at] ?? '';
    const rest = text.slice(at, at + 2048);
    if (letter === '\\' && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? '')) {
      plain += text[at + 1] ?? '';
      at += 2;
    } else if (letter === '\n') {
      plain = plain.trimEnd();
      put({ kind: 'break' }, at + 1);
    } else if (letter === '`') {
      const ticks = /^`+/.exec(rest)?.[0] ?? '`';
      const end = closingTicks(text, at + ticks.length, ticks.length);
      if (end < 0) {
        plain += ticks;
        at += ticks.length;
      } else put({ kind: 'code', text: text.slice(at + ticks.length, end).replace(/\n/g, ' ').replace(/^ (.*[^ ].*) $/, '$1') }, end + ticks.length);
    } else if (letter === '[' || (letter === '!' && text[at + 1] === '[')) {
      const cited = Number(/^\[(\d{1,3})\]/.exec(rest)?.[1] ?? Number.NaN);
      const link = depth < DEPTH_MAX ? linkAt(text, letter === '!' ? at + 1 : at) : null;
      if (known.has(cited)) put({ kind: 'cite', number: cited }, link ? link.end : at + String(cited).length + 2);
      else if (link && safe(link.href)) put({ kind: 'link', href: link.href, of: within(inline(link.label, NONE, depth + 1), link.href) }, link.end);
      else {
        plain += letter;
        at += 1;
      }
    } else if (letter === '<' && /^<(https?:\/\/|mailto:)[^\s<>]+>/.test(rest)) {
      const href = rest.slice(1, rest.indexOf('>'));
      put({ kind: 'link', href, of: [{ kind: 'text', text: href }] }, at + href.length + 2);
    } else if (letter === 'h' && /^https?:\/\/[^\s<>"'`]/.test(rest) && !/\w$/.test(plain)) {
      const href = bareAddress(rest);
      put({ kind: 'link', href, of: [{ kind: 'text', text: href }] }, at + href.length);
    } else {
      const mark = depth < DEPTH_MAX ? MARKS.find(([sign]) => rest.startsWith(sign)) : undefined;
      const end = mark && !open.has(mark[0]) ? closing(text, at, mark[0]) : -1;
      if (mark && end > 0) put({ kind: mark[1], of: inline(text.slice(at + mark[0].length, end), known, depth + 1) }, end + mark[0].length);
      else {
        if (mark && opens(text, at, mark[0])) open.add(mark[0]);
        plain += mark ? mark[0] : letter;
        at += mark ? mark[0].length : 1;
      }
    }
  }
  if (plain) out.push({ kind: 'text', text: plain });
  return out;
}

const NONE: Known = new Set();

/** The words of a link, or its address when it has none. */
function within(of: Inline[], href: string): Inline[] {
  return of.length > 0 ? of : [{ kind: 'text', text: href }];
}

function closingTicks(text: string, from: number, count: number): number {
  for (let at = text.indexOf('`', from); at >= 0; ) {
    const run = /^`+/.exec(text.slice(at, at + 64))?.[0].length ?? 1;
    if (run === count) return at;
    at = text.indexOf('`', at + run);
  }
  return -1;
}

/** May a mark begin here? Not before a space; one of underscores not within a word. */
function opens(text: string, at: number, mark: string): boolean {
  if (!/\S/.test(text[at + mark.length] ?? ' ')) return false;
  return !mark.startsWith('_') || !/\w/.test(text[at - 1] ?? ' ');
}

/** Where the mark at `from` is closed; below zero when it is not. */
function closing(text: string, from: number, mark: string): number {
  if (!opens(text, from, mark)) return -1;
  for (let at = text.indexOf(mark, from + mark.length + 1); at >= 0; at = text.indexOf(mark, at + 1)) {
    const after = text[at + mark.length] ?? ' ';
    const isSingle = mark.length === 1;
    // Two signs close what two signs opened.
    if (isSingle && (after === mark || text[at - 1] === mark)) {
      at += after === mark ? 1 : 0;
      continue;
    }
    if (/\s/.test(text[at - 1] ?? ' ') || text[at - 1] === '\\') continue;
    if (mark.startsWith('_') && /\w/.test(after)) continue;
    return at;
  }
  return -1;
}

/** `[label](address "title")` at this place. */
function linkAt(text: string, from: number): { label: string; href: string; end: number } | null {
  let open = 0;
  let at = from;
  for (; at < text.length && at - from < 1000; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '[') open += 1;
    else if (text[at] === ']' && --open === 0) break;
  }
  const target = /^\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/.exec(text.slice(at + 1, at + 2050));
  return open === 0 && target ? { label: text.slice(from + 1, at), href: target[1] ?? '', end: at + 1 + target[0].length } : null;
}

/** An address among words, without the sentence's own signs behind it. */
function bareAddress(text: string): string {
  let href = /^[^\s<>"'`]+/.exec(text)?.[0] ?? '';
  for (;;) {
    const last = href.at(-1) ?? '';
    const isAlone = last === ')' && !href.includes('(');
    if (!/[.,;:!?*_\]]/.test(last) && !isAlone) return href;
    href = href.slice(0, -1);
  }
}

/** Only addresses that lead to a page or a mailbox. */
export function safe(href: string): boolean {
  return /^(https?:\/\/|mailto:)/i.test(href) && URL.canParse(href);
}
