import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { Citation } from '../../api/types';
import { useHouse } from '../../app/house';
import { safe } from './markdown';

interface Props {
  source: Citation;
  className?: string;
  label?: string;
  children: ReactNode;
}

/** Leads to a source: a document at its passage, a page of the web in a tab of its own, a record. */
export function SourceLink({ source, className, label, children }: Props) {
  const { can } = useHouse();
  const shared = { className, 'aria-label': label, title: label ? titleOf(source) : undefined };
  if (source.doc_id && can('read_documents')) {
    return (
      <Link to="/documents/$document" params={{ document: source.doc_id }} search={placeOf(source)} {...shared}>
        {children}
      </Link>
    );
  }
  if (source.record_id && can('read_records')) {
    return (
      <Link to="/records/$record" params={{ record: source.record_id }} {...shared}>
        {children}
      </Link>
    );
  }
  if (source.url && safe(source.url)) {
    return (
      <a href={source.url} target="_blank" rel="noopener noreferrer" {...shared} aria-label={label && `${label}, in a new tab`}>
        {children}
      </a>
    );
  }
  return (
    <span className={className} title={shared.title}>
      {children}
    </span>
  );
}

/** The number of a source among the words of an answer. */
export function Cite({ source }: { source: Citation }) {
  return (
    <SourceLink source={source} className="cite" label={`Source ${source.number}: ${titleOf(source)}`}>
      {source.number}
    </SourceLink>
  );
}

/** Where in a document it is: characters, else the page. */
function placeOf({ start_char: from, end_char: to, page }: Citation): { from?: number; to?: number; page?: number } {
  if (from !== null && to !== null) return { from, to };
  return page === null ? {} : { page };
}

export function titleOf({ title, page }: Pick<Citation, 'title' | 'page'>): string {
  return page === null ? title : `${title}, page ${page}`;
}

/** The name of the place that an address leads to. */
export function hostOf(url: string | null): string | null {
  return url && URL.canParse(url) ? new URL(url).host : null;
}
