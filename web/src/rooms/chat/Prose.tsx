import { memo, type ReactNode, useMemo } from 'react';

import { CodeText } from '../../ui/CodeText';
import { type Block, type Inline, type Known, read } from './markdown';

interface Props {
  text: string;
  known: Known;
  /** What stands for a number that names a source. */
  cite: (number: number) => ReactNode;
  isUnderWay?: boolean;
}

/** What a model wrote, as it is meant to be read. */
export const Prose = memo(function Prose({ text, known, cite, isUnderWay = false }: Props) {
  const blocks = useMemo(() => read(text, known), [text, known]);
  return (
    <div className="prose wrap" data-under-way={isUnderWay || undefined}>
      {blocks.map((it, index) => (
        <BlockView key={index} block={it} cite={cite} />
      ))}
    </div>
  );
});

type Cite = Props['cite'];

function BlockView({ block, cite }: { block: Block; cite: Cite }): ReactNode {
  switch (block.kind) {
    case 'paragraph':
      return <p>{drawn(block.of, cite)}</p>;
    case 'heading': {
      // The page has a title, and the answer stands below it.
      const Heading = `h${Math.min(block.level + 2, 6)}` as 'h3';
      return <Heading>{drawn(block.of, cite)}</Heading>;
    }
    case 'code':
      return <CodeText label={block.language ? `Code: ${block.language}` : 'Code'}>{block.text}</CodeText>;
    case 'quote':
      return <blockquote>{several(block.of, cite)}</blockquote>;
    case 'list': {
      const items = block.items.map((it, index) => <li key={index}>{inItem(it, cite)}</li>);
      return block.isOrdered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table':
      return (
        // A region that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="grid-scroll" role="region" aria-label="Table" tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                {block.head.map((it, index) => (
                  <th key={index} scope="col">
                    {drawn(it, cite)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, index) => (
                <tr key={index}>
                  {row.map((it, column) => (
                    <td key={column}>{drawn(it, cite)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case 'line':
      return <hr />;
  }
}

function several(blocks: Block[], cite: Cite): ReactNode[] {
  return blocks.map((it, index) => <BlockView key={index} block={it} cite={cite} />);
}

/** An item that is one sentence needs no paragraph. */
function inItem(blocks: Block[], cite: Cite): ReactNode {
  const [first, ...rest] = blocks;
  if (first?.kind !== 'paragraph') return several(blocks, cite);
  return (
    <>
      {drawn(first.of, cite)}
      {several(rest, cite)}
    </>
  );
}

function drawn(pieces: Inline[], cite: Cite): ReactNode[] {
  return pieces.map((it, index) => <InlineView key={index} piece={it} cite={cite} />);
}

function InlineView({ piece, cite }: { piece: Inline; cite: Cite }): ReactNode {
  switch (piece.kind) {
    case 'text':
      return piece.text;
    case 'code':
      return <code>{piece.text}</code>;
    case 'strong':
      return <strong>{drawn(piece.of, cite)}</strong>;
    case 'em':
      return <em>{drawn(piece.of, cite)}</em>;
    case 'gone':
      return <del>{drawn(piece.of, cite)}</del>;
    case 'link':
      return (
        <a href={piece.href} target="_blank" rel="noopener noreferrer">
          {drawn(piece.of, cite)}
        </a>
      );
    case 'cite':
      return cite(piece.number);
    case 'break':
      return <br />;
  }
}
