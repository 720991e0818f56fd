import type { DocumentView } from '../../api/types';

const WORDS: Record<DocumentView['origin'], string> = { upload: 'File', text: 'Text', page: 'Web page', site: 'Site' };

/** How it came in, in a few words: `PDF file`, `example.com`. */
export function originWords({ origin, kind, url }: Pick<DocumentView, 'origin' | 'kind' | 'url'>): string {
  if (url) return hostOf(url);
  return origin === 'upload' ? `${kind.toUpperCase()} file` : WORDS[origin];
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
