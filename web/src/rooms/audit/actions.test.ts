import { describe, expect, it } from 'vitest';

import { actionsFor } from './actions';

const KNOWN = ['record_created', 'record_updated', 'sign_in_refused'];
const ids = (text: string) => actionsFor(text, KNOWN).map((it) => it.id);

describe('an act of the audit log', () => {
  it('is found by any part of its name, as it is read or as it is written', () => {
    expect(ids('')).toEqual(KNOWN);
    expect(ids('Sign in')).toEqual(['sign_in_refused', 'Sign_in']);
    expect(ids('record_')).toEqual(['record_created', 'record_updated', 'record_']);
  });

  it('can be asked for though nobody did it lately', () => {
    expect(actionsFor('key revoked', KNOWN)).toEqual([{ id: 'key_revoked', label: 'Exactly “key_revoked”' }]);
    expect(ids('record created')).toEqual(['record_created']);
  });
});
