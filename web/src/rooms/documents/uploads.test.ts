import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { DocumentView } from '../../api/types';
import { asForm, type Said, Uploads } from './uploads';

/** A server that answers when it is told to. */
interface Call {
  name: string;
  onSent: (percent: number) => void;
  signal: AbortSignal;
  there: () => void;
  refused: (why: Error) => void;
}

const SAID: Said = { tags: ['manuals'], shared: true };
let calls: Call[];
let uploads: Uploads;

function call(name: string): Call {
  const found = calls.find((it) => it.name === name);
  if (!found) throw new Error(`${name} was not sent`);
  return found;
}

function file(name: string): File {
  return new File(['text'], name);
}

const phases = () => uploads.list().map((it) => `${it.name} ${it.phase}`);

beforeEach(() => {
  calls = [];
  uploads = new Uploads(
    ({ name }, _said, onSent, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')));
        calls.push({ name, onSent, signal, there: () => resolve({ id: `doc_${name}` } as DocumentView), refused: reject });
      }),
  );
});

describe('uploads', () => {
  it('go out two at a time', async () => {
    uploads.add([file('a'), file('b'), file('c')], SAID);
    expect(phases()).toEqual(['a sending', 'b sending', 'c waiting']);
    call('b').there();
    await vi.waitFor(() => expect(phases()).toEqual(['a sending', 'b there', 'c sending']));
    expect(uploads.list()[1]?.document?.id).toBe('doc_b');
  });

  it('tell how far each of them is', () => {
    uploads.add([file('a'), file('b')], SAID);
    call('a').onSent(40);
    expect(uploads.list().map((it) => it.sent)).toEqual([40, 0]);
    expect(uploads.isBusy).toBe(true);
  });

  it('that were refused can be sent again, and do not hold up the others', async () => {
    uploads.add([file('a'), file('b'), file('c')], SAID);
    call('a').refused(new Error('too large'));
    await vi.waitFor(() => expect(phases()).toEqual(['a refused', 'b sending', 'c sending']));
    uploads.again(uploads.list()[0]!.id);
    expect(phases()[0]).toBe('a waiting');
    call('b').there();
    await vi.waitFor(() => expect(phases()).toEqual(['a sending', 'b there', 'c sending']));
  });

  it('that would be refused do not go out, unless somebody wants it all the same', async () => {
    const refusal = ({ name }: File) => (name === 'a' ? new Error('too large') : null);
    uploads.add([file('a'), file('b')], SAID, refusal);
    expect(phases()).toEqual(['a refused', 'b sending']);
    expect(uploads.list()[0]?.fault).toEqual(new Error('too large'));
    expect(calls.map((it) => it.name)).toEqual(['b']);
    uploads.again(uploads.list()[0]!.id);
    call('a').there();
    await vi.waitFor(() => expect(phases()).toEqual(['a there', 'b sending']));
  });

  it('are stopped when they are taken off the list', async () => {
    uploads.add([file('a'), file('b'), file('c')], SAID);
    uploads.dismiss(uploads.list()[0]!.id);
    expect(call('a').signal.aborted).toBe(true);
    await vi.waitFor(() => expect(phases()).toEqual(['b sending', 'c sending']));
    uploads.clear();
    expect(call('c').signal.aborted).toBe(true);
    expect(uploads.list()).toEqual([]);
    expect(uploads.isBusy).toBe(false);
  });

  it('that are there can be cleared away, the others stay', async () => {
    uploads.add([file('a'), file('b')], SAID);
    call('a').there();
    await vi.waitFor(() => expect(phases()).toEqual(['a there', 'b sending']));
    uploads.tidy();
    expect(phases()).toEqual(['b sending']);
  });
});

it('a form has each tag by itself, nothing that was not said, and the file last', () => {
  const fields = (form: FormData) => Array.from(form, ([name, value]) => `${name}=${value instanceof File ? value.name : value}`);
  expect(fields(asForm({ file: file('a.pdf'), tenant: 'ten_1', tags: ['one', 'two'], shared: true }))).toEqual(['tenant=ten_1', 'tags=one', 'tags=two', 'shared=true', 'file=a.pdf']);
  expect(fields(asForm({ file: file('a.pdf'), tags: [], shared: false }))).toEqual(['file=a.pdf']);
});
