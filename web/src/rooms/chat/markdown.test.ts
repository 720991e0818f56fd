import { describe, expect, it } from 'vitest';

import { type Block, type Inline, inline, read } from './markdown';

const KNOWN = new Set([1, 2]);

/** A tree as one line: `p(text strong(…) [1])`. */
function shown(blocks: Block[]): string {
  return blocks.map(block).join(' ');
}

function block(it: Block): string {
  switch (it.kind) {
    case 'paragraph':
      return `p(${line(it.of)})`;
    case 'heading':
      return `h${it.level}(${line(it.of)})`;
    case 'code':
      return `code<${it.language}>(${it.text})`;
    case 'quote':
      return `quote(${shown(it.of)})`;
    case 'list':
      return `${it.isOrdered ? `ol${it.start}` : 'ul'}(${it.items.map((one) => `li(${shown(one)})`).join(' ')})`;
    case 'table':
      return `table(${[it.head, ...it.rows].map((row) => row.map(line).join('|')).join(' / ')})`;
    case 'line':
      return 'hr';
  }
}

function line(pieces: Inline[]): string {
  return pieces
    .map((it) => {
      switch (it.kind) {
        case 'text':
          return it.text;
        case 'code':
          return `code(${it.text})`;
        case 'cite':
          return `#${it.number}`;
        case 'break':
          return '⏎';
        case 'link':
          return `a<${it.href}>(${line(it.of)})`;
        default:
          return `${it.kind}(${line(it.of)})`;
      }
    })
    .join('');
}

const of = (text: string) => shown(read(text, KNOWN));
const words = (text: string) => line(inline(text, KNOWN));

describe('what a model wrote', () => {
  it('has blocks', () => {
    expect(of('# One\n\nTwo\nthree\n\n---\n\n> four\n> five')).toBe('h1(One) p(Two⏎three) hr quote(p(four⏎five))');
    expect(of('Text\n- a\n- b\n\n1. c\n2. d')).toBe('p(Text) ul(li(p(a)) li(p(b))) ol1(li(p(c)) li(p(d)))');
    expect(of('3) c\n4) d')).toBe('ol3(li(p(c)) li(p(d)))');
    expect(of('- a\n  - b\n    - c\n- d\n\n  more')).toBe('ul(li(p(a) ul(li(p(b) ul(li(p(c)))))) li(p(d) p(more)))');
    expect(of('In the year\n1984. It was')).toBe('p(In the year⏎1984. It was)');
    expect(of('| a | b |\n|---|:-:|\n| 1 | x \\| y |\n\nend')).toBe('table(a|b / 1|x | y) p(end)');
  });

  it('has code, in which nothing else is anything, also before it is closed', () => {
    expect(of('```py\na = b[1] **c**\n```\nend [1]')).toBe('code<py>(a = b[1] **c**) p(end #1)');
    expect(of('```\na[1]')).toBe('code<>(a[1])');
    expect(of('~~~\n```\n~~~')).toBe('code<>(```)');
    expect(words('`a[1]` and ``b`c``')).toBe('code(a[1]) and code(b`c)');
    expect(words('an open ` stays [1]')).toBe('an open ` stays #1');
  });

  it('names its sources, and only those that there are', () => {
    expect(words('So it is [1][2]. Not [3], not [12ab].')).toBe('So it is #1#2. Not [3], not [12ab].');
    expect(words('**bold [1]** and [2](https://x.example)')).toBe('strong(bold #1) and #2');
    expect(of('- see [1]\n\n| a |\n|---|\n| b [2] |')).toBe('ul(li(p(see #1))) table(a / b #2)');
  });

  it('stresses words, and leaves signs alone that stress nothing', () => {
    expect(words('**a** *b* __c__ _d_ ~~e~~ **a *b* c**')).toBe('strong(a) em(b) strong(c) em(d) gone(e) strong(a em(b) c)');
    expect(words('2 * 3 * 4, snake_case_name, **open')).toBe('2 * 3 * 4, snake_case_name, **open');
    expect(words('\\*not\\* this')).toBe('*not* this');
  });

  it('leads to pages and mailboxes and nowhere else', () => {
    expect(words('[page](https://a.example/x_(y) "t") <https://b.example> https://c.example/d.')).toBe('a<https://a.example/x_(y)>(page) a<https://b.example>(https://b.example) a<https://c.example/d>(https://c.example/d).');
    for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', '//x.example', '/api/auth/logout', 'JaVaScRiPt:x']) {
      expect(words(`[x](${bad})`)).not.toContain('a<');
    }
    expect(words('![picture](https://a.example/spy.png)')).toBe('a<https://a.example/spy.png>(picture)');
  });

  it('holds no HTML: a tag is text', () => {
    expect(of('<script>alert(1)</script>\n<img src=x onerror=alert(1)>')).toBe('p(<script>alert(1)</script>⏎<img src=x onerror=alert(1)>)');
  });

  it('is read in time, whatever it is', () => {
    const hard = ['*'.repeat(20_000), '['.repeat(20_000), '`'.repeat(20_000), '> '.repeat(5_000), '- '.repeat(5_000), '**a '.repeat(5_000), '_a *b '.repeat(5_000), '[a]('.repeat(5_000), `${'a|'.repeat(5_000)}\n${'-|'.repeat(5_000)}`, '`a``b'.repeat(5_000), '  \n'.repeat(20_000)];
    for (const text of hard) {
      const begun = performance.now();
      read(text, KNOWN);
      expect(performance.now() - begun).toBeLessThan(1_500);
    }
  });
});
