/** A text that is edited: nothing of somebody else is written over without a word, and nothing that was typed is lost. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry } from '#contract/files.ts';
import { createTextDocument, type DocumentDeps, lineEndsOf } from '#renderer/features/files/text-document.ts';

const placeId = 'ws_00000000000000000001';

/** A disk with one file. */
function disk(first: string, more: Partial<FileEntry> = {}) {
  let text: string | null = first;
  let version = 1;
  let failure: BerthError | null = null;
  const written: { text: string; replaces: string }[] = [];
  const entry = (): FileEntry => ({
    ...{ name: 'a.txt', kind: 'file', sizeBytes: text?.length ?? 0, mode: 0o644, owner: 'dev', group: 'dev' },
    ...{ modifiedAt: '2026-11-20T09:00:00.000Z', target: null, targetKind: null, version: `v${version}` },
    ...more,
  });
  const call = async (method: string, input: { text?: string; replaces?: string }) => {
    await Promise.resolve();
    if (method === 'files.writeText') {
      if (failure) throw failure;
      written.push({ text: input.text ?? '', replaces: input.replaces ?? '' });
      if (input.replaces === 'nothing' ? text !== null : input.replaces !== `v${version}`)
        throw new BerthError('file.changed', 'changed');
      text = input.text ?? '';
      version += 1;
      return entry();
    }
    if (text === null) throw new BerthError('not-found', 'gone');
    return method === 'files.look' ? entry() : { text, entry: entry(), isWritable: true };
  };
  return {
    client: { call } as unknown as DocumentDeps['client'],
    written,
    get text() {
      return text;
    },
    change: (next: string | null) => {
      text = next;
      version += 1;
    },
    failWith: (error: BerthError | null) => {
      failure = error;
    },
  };
}

async function opened(on: ReturnType<typeof disk>) {
  const document = createTextDocument({ client: on.client, placeId, path: '/a.txt' });
  await document.load();
  let typed = document.store.getState().savedText;
  document.setReader(() => typed);
  return {
    document,
    state: () => document.store.getState(),
    type: (text: string) => {
      typed = text;
      document.setDirty(true);
    },
  };
}

describe('saving', () => {
  it('names the version that was read, and knows the next', async () => {
    const on = disk('one');
    const { document, state, type } = await opened(on);
    type('two');
    expect(await document.save()).toBe(true);
    type('three');
    expect(await document.save()).toBe(true);
    expect(on.written.map(({ replaces }) => replaces)).toEqual(['v1', 'v2']);
    expect([on.text, state().isDirty]).toEqual(['three', false]);
  });

  it('keeps what is typed while it is on its way unsaved', async () => {
    const on = disk('one');
    const { document, state, type } = await opened(on);
    type('two');
    const saving = document.save();
    type('two and more');
    await saving;
    expect([on.text, state().isDirty, state().savedText]).toEqual(['two', true, 'two']);
  });

  it('writes over nobody: it asks, and then does what was said', async () => {
    const on = disk('one');
    const { document, state, type } = await opened(on);
    type('mine');
    on.change('theirs');
    expect(await document.save()).toBe(false);
    expect([on.text, state().conflict?.theirs?.sizeBytes, state().isDirty]).toEqual(['theirs', 6, true]);
    // Once more changes nothing while the question is open.
    expect(await document.save()).toBe(false);
    expect(on.text).toBe('theirs');
    expect(await document.saveMine()).toBe(true);
    expect([on.text, state().conflict, state().isDirty]).toEqual(['mine', null, false]);
  });

  it('asks again where a third change came between the question and the answer', async () => {
    const on = disk('one');
    const { document, state, type } = await opened(on);
    type('mine');
    on.change('theirs');
    await document.save();
    on.change('a third');
    expect(await document.saveMine()).toBe(false);
    expect([on.text, state().conflict?.theirs?.version]).toEqual(['a third', 'v3']);
  });

  it('loads theirs in place of mine', async () => {
    const on = disk('one');
    const { document, state, type } = await opened(on);
    type('mine');
    on.change('theirs');
    await document.save();
    await document.load();
    expect([state().savedText, state().isDirty, state().conflict, state().loads]).toEqual([
      'theirs',
      false,
      null,
      2,
    ]);
  });

  it('makes a deleted file again when it is told to', async () => {
    const on = disk('one');
    const { document, state, type } = await opened(on);
    type('mine');
    on.change(null);
    expect(await document.save()).toBe(false);
    expect(state().conflict).toEqual({ theirs: null });
    expect(await document.saveMine()).toBe(true);
    expect(on.text).toBe('mine');
  });

  it('says what failed and keeps the text', async () => {
    const on = disk('one');
    const { document, state, type } = await opened(on);
    type('mine');
    on.failWith(new BerthError('file.no-space', 'The disk is full.'));
    expect(await document.save()).toBe(false);
    expect([state().error?.code, state().isDirty, state().isSaving]).toEqual(['file.no-space', true, false]);
  });
});

describe('coming back to a text', () => {
  it('loads it anew where nothing was typed, and asks where something was', async () => {
    const on = disk('one');
    const { document, state, type } = await opened(on);
    on.change('two');
    await document.check();
    expect([state().savedText, state().conflict]).toEqual(['two', null]);
    type('mine');
    on.change('three');
    await document.check();
    expect([state().savedText, state().conflict?.theirs?.version]).toEqual(['two', 'v3']);
  });

  it('asks nothing of a link, whose own entry says nothing of the file', async () => {
    const on = disk('one', { kind: 'link' });
    const { document, state } = await opened(on);
    on.change('two');
    await document.check();
    expect([state().savedText, state().conflict]).toEqual(['one', null]);
  });
});

it.each([
  ['a\r\nb\r\n', 'CRLF'],
  ['a\nb', 'LF'],
  ['a\r\nb\n', 'mixed'],
  ['a\rb', 'mixed'],
  ['a\rb\n', 'mixed'],
  ['', 'LF'],
] as const)('the line ends of %j', (text, ends) => expect(lineEndsOf(text)).toBe(ends));
