import { describe, expect, it } from 'vitest';

import { helpLanguages, sectionsOf } from './sections';

const texts = { en: { title: 'Coach', help: '# How it goes\nPaste your memo.', help_scores: 'From 1 to 5.', 'help.empty': '' }, es: { help: { notas: 'De 1 a 5.' } }, nl: { title: 'Coach' } };

describe('help', () => {
  it('is made of the texts whose names say so, with their first line for a title', () => {
    expect(sectionsOf({ texts }, 'en')).toEqual([
      { title: 'How it goes', text: 'Paste your memo.' },
      { title: 'Scores', text: 'From 1 to 5.' },
    ]);
    expect(sectionsOf({ texts }, 'es')).toEqual([{ title: 'Notas', text: 'De 1 a 5.' }]);
  });

  it('is there in the languages that have some', () => {
    expect(helpLanguages({ texts })).toEqual(['en', 'es']);
    expect(helpLanguages({ texts: {} })).toEqual([]);
  });
});
