/** Files dropped on a screen: where they land, under which name, what a cut and a cancel leave. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { UploadKey } from '#contract/files.ts';
import { DroppedFiles, numberedName } from '#renderer/features/screens/send-dropped.ts';
import { planeStream } from './plane-stream.ts';

type Client = ConstructorParameters<typeof DroppedFiles>[0];
const placeId = 'ws_00000000000000000001';

function world(options: { folders?: readonly string[]; taken?: readonly string[]; there?: number } = {}) {
  const calls: { method: string; input: Record<string, unknown> }[] = [];
  const uploads: { input: Record<string, unknown>; plane: ReturnType<typeof planeStream> }[] = [];
  const client = {
    call: async (method: string, input: Record<string, unknown>) => {
      calls.push({ method, input });
      if (method === 'files.uploaded') return { bytes: options.there ?? 0 };
      if (method === 'files.discardUpload') return {};
      const name = String(input.path).split('/').at(-1) ?? '';
      if (!options.folders?.includes(name)) throw new BerthError('not-found', 'It is not there.');
      return { name, kind: 'folder', targetKind: null };
    },
    bytes: (_method: string, input: Record<string, unknown>) => {
      const plane = planeStream();
      uploads.push({ input, plane });
      const name = String(input.path).split('/').at(-1) ?? '';
      if (options.taken?.includes(name))
        plane.fail(new BerthError('file.exists', `${name} is there already.`));
      return plane.stream;
    },
  } as unknown as Client;
  const files = new DroppedFiles(client, placeId, '/config');
  return { files, calls, uploads, rows: () => files.store.getState().drops };
}

const file = (name: string, text: string) => new File([text], name, { lastModified: 1_700_000_000_000 });

describe('a file', () => {
  it('lands on the desktop, all of it, and says where', async () => {
    const { files, uploads, rows } = world({ folders: ['Desktop', 'Downloads'] });
    files.add([file('a.txt', 'hello')]);
    await expect.poll(() => uploads[0]?.plane.heard()).toEqual(['hello', 'inputEnd']);
    expect(uploads[0]?.input).toMatchObject({
      placeId,
      path: '/config/Desktop/a.txt',
      offset: 0,
      sizeBytes: 5,
      replaces: 'nothing',
      modifiedAt: '2023-11-14T22:13:20.000Z',
    });
    expect(UploadKey.safeParse(uploads[0]?.input.uploadKey).success).toBe(true);
    expect(rows()[0]).toMatchObject({ phase: 'sending', sentBytes: 5 });
    uploads[0]?.plane.end();
    await expect.poll(() => rows()[0]).toMatchObject({ phase: 'done', path: '/config/Desktop/a.txt' });
  });

  it('lands in Downloads, or where the files last, where there is no desktop', async () => {
    const some = world({ folders: ['Downloads'] });
    some.files.add([file('a.txt', 'x')]);
    await expect.poll(() => some.uploads[0]?.input.path).toBe('/config/Downloads/a.txt');
    const none = world();
    none.files.add([file('a.txt', 'x')]);
    await expect.poll(() => none.uploads[0]?.input.path).toBe('/config/a.txt');
  });

  it('gets a number where its name is taken, and replaces nothing', async () => {
    const { files, uploads } = world({ taken: ['a.txt', 'a (2).txt'] });
    files.add([file('a.txt', 'x')]);
    await expect.poll(() => uploads.at(-1)?.input.path).toBe('/config/a (3).txt');
  });

  it('goes on where it stopped after a cut, under the same key', async () => {
    const { files, uploads, calls, rows } = world({ there: 3 });
    files.add([file('a.txt', 'hello')]);
    await expect.poll(() => uploads).toHaveLength(1);
    uploads[0]?.plane.fail(new BerthError('connection-lost', 'The host went away.'));
    await expect.poll(() => rows()[0]).toMatchObject({ phase: 'failed' });
    files.retry(rows()[0]?.id ?? 0);
    await expect.poll(() => uploads[1]?.plane.heard()).toEqual(['lo', 'inputEnd']);
    expect(uploads[1]?.input).toMatchObject({ offset: 3, uploadKey: uploads[0]?.input.uploadKey });
    expect(calls.filter(({ method }) => method === 'files.uploaded')).toHaveLength(1);
  });

  it('is cancelled: its stream closes, what was sent is deleted there, and the next one goes', async () => {
    const { files, uploads, calls, rows } = world();
    files.add([file('a.txt', 'hello'), file('b.txt', 'x')]);
    await expect.poll(() => uploads[0]?.plane.heard()).toHaveLength(2);
    files.drop(rows()[0]?.id ?? 0);
    expect(uploads[0]?.plane.isClosed()).toBe(true);
    await expect.poll(() => uploads[1]?.input.path).toBe('/config/b.txt');
    expect(calls.map(({ method }) => method)).toContain('files.discardUpload');
    expect(rows().map(({ name }) => name)).toEqual(['b.txt']);
  });

  it('keeps its own error, and does not hold up the next', async () => {
    const { files, uploads, rows } = world();
    files.add([file('a.txt', 'x'), file('b.txt', 'y')]);
    await expect.poll(() => uploads).toHaveLength(1);
    uploads[0]?.plane.fail(new BerthError('file.no-space', 'The disk is full.'));
    await expect.poll(() => uploads).toHaveLength(2);
    expect(rows()[0]).toMatchObject({ phase: 'failed', error: { code: 'file.no-space' } });
  });
});

describe('numberedName', () => {
  it('puts the number before the extension', () => {
    expect(numberedName('report.tar.gz', 1)).toBe('report.tar.gz');
    expect(numberedName('report.pdf', 2)).toBe('report (2).pdf');
    expect(numberedName('.profile', 3)).toBe('.profile (3)');
    expect(numberedName('Makefile', 2)).toBe('Makefile (2)');
  });
});
