import { expect, it } from 'vitest';

import { madeIn } from './made';

it('a site that was fetched names its documents, and the pages that are none', () => {
  const faults = [{ url: 'https://x.example/b', code: 'page_unreachable', message: 'It cannot be had.' }];
  expect(madeIn('knowledge.site', { pages: 3, documents: ['a', 'b'], faults })).toEqual({ documents: ['a', 'b'], pages: 3, faults: [{ url: 'https://x.example/b', message: 'It cannot be had.' }] });
});

it('a document that was taken in is named', () => {
  expect(madeIn('knowledge.ingest', { document: 'a', state: 'ready' })).toEqual({ documents: ['a'], pages: null, faults: [] });
});

it('other jobs make none', () => {
  expect(madeIn('task.review', { documents: ['a'] })).toBeNull();
});
