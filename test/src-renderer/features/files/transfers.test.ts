/** Transfers on a plane in memory and a clock moved by hand: what breaks off goes on, what fails stops nobody else. */
import { describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { createTransfers, type TransfersDeps } from '#renderer/features/files/transfers.ts';
import type { ByteSink } from '#renderer/state/byte-pump.ts';
import type { ConnectionState } from '#renderer/state/api.ts';
import { FixtureFiles } from '../../file-replies.ts';

const placeId = 'ws_00000000000000000001';
/** A shared machine may be slow. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });
const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
const text = (value: Uint8Array) => new TextDecoder().decode(value);

function world() {
  const files = new FixtureFiles({ files: () => new Map([['/d/', {}]]), locked: ['/d/locked'] });
  const listeners = new Set<(state: ConnectionState) => void>();
  let connection: ConnectionState = { phase: 'open' };
  const calls: string[] = [];
  const writes: { path: string; offset: number; uploadKey: string; replaces: string }[] = [];
  const reads: { offset: number; ifVersion: string | null }[] = [];
  const waits: { ms: number; go: () => void }[] = [];
  let openAtOnce = 0;
  let mostAtOnce = 0;
  let readLimit: number | null = null;
  let awayError: BerthError | null = null;
  const call = async (method: string, input: { path: string; uploadKey: string; mayExist?: boolean }) => {
    calls.push(method);
    await Promise.resolve();
    if (awayError) throw awayError;
    if (method === 'files.uploaded') return { bytes: files.uploaded(input.uploadKey) };
    if (method === 'files.discardUpload') return files.discard(input.uploadKey);
    if (method === 'files.look') return files.entry(input.path);
    if (files.has(input.path) && files.entry(input.path).kind !== 'folder')
      throw new BerthError('file.exists', `There is something named ${input.path} already.`);
    if (files.has(input.path)) return files.entry(input.path);
    if (files.has(parentOf(input.path)) && files.entry(parentOf(input.path)).kind !== 'folder')
      throw new BerthError('file.wrong-kind', `${parentOf(input.path)} is not a folder.`);
    return files.put(input.path, { isFolder: true });
  };
  const bytes = (method: string, input: never) => {
    const { path, offset, ifVersion } = input as { path: string; offset: number; ifVersion: string | null };
    if (method === 'files.write') {
      writes.push(input);
      openAtOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, openAtOnce);
      const stream = files.write(input);
      const over = () => {
        openAtOnce -= 1;
      };
      stream.ended.then(over, over);
      return stream;
    }
    reads.push({ offset, ifVersion });
    if (ifVersion !== null && ifVersion !== files.entry(path).version)
      return failing(new BerthError('file.changed', 'It is another file by now.'));
    const stream = files.read(path, offset);
    if (readLimit === null) return stream;
    const limit = readLimit;
    readLimit = null;
    const content = files.bytes(path).subarray(offset, offset + limit);
    return broken(content, new BerthError('connection-lost', 'The connection to Berth was lost.'));
  };
  const saved: { name: string; parts: Uint8Array[]; state: 'open' | 'closed' | 'aborted' }[] = [];
  const create = (name: string): Promise<ByteSink> => {
    const own = { name, parts: [] as Uint8Array[], state: 'open' as 'open' | 'closed' | 'aborted' };
    saved.push(own);
    return Promise.resolve({
      write: async (part) => void own.parts.push(part.slice()),
      close: async () => {
        own.state = 'closed';
      },
      abort: async () => {
        if (own.state === 'open') own.state = 'aborted';
      },
    });
  };
  let keys = 0;
  const changed = vi.fn();
  const transfers = createTransfers({
    client: {
      call,
      bytes,
      get connectionState() {
        return connection;
      },
      onConnectionState: (listener: (state: ConnectionState) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    } as unknown as TransfersDeps['client'],
    place: () => ({ isCollecting: false, choose: () => Promise.resolve(create) }),
    now: () => 0,
    wait: (ms) => new Promise((resolve) => waits.push({ ms, go: resolve })),
    newKey: () => {
      keys += 1;
      return String(keys).padStart(20, '0');
    },
    onChanged: changed,
  });
  return {
    ...{ files, transfers, calls, writes, reads, waits, saved, changed },
    first: () => transfers.store.getState().transfers.at(-1)!,
    most: () => mostAtOnce,
    cutReadsAfter: (limit: number) => {
      readLimit = limit;
    },
    setAway: (error: BerthError | null) => {
      awayError = error;
    },
    setConnection: (state: ConnectionState) => {
      connection = state;
      for (const listener of [...listeners]) listener(state);
    },
  };
}

function failing(error: BerthError) {
  return broken(new Uint8Array(), error);
}

/** Sends what it has, and fails. */
function broken(content: Uint8Array, error: BerthError) {
  const ending = Promise.withResolvers<void>();
  ending.promise.catch(() => undefined);
  return {
    onBytes: (listener: (part: Uint8Array, done: () => void) => void) => {
      if (content.byteLength > 0) listener(content, () => undefined);
      queueMicrotask(() => setImmediate(() => ending.reject(error)));
    },
    ended: ending.promise,
    opened: Promise.resolve(),
    close: () => undefined,
  };
}

const file = (path: string, content: string | Uint8Array<ArrayBuffer>) => ({
  path,
  file: new File([content], path.split('/').at(-1)!, { lastModified: 1_764_000_000_000 }),
});

describe('uploads', () => {
  it('bring a thousand small files and their folders, a few at a time', async () => {
    const on = world();
    const files = Array.from({ length: 1_000 }, (_, index) =>
      file(`photos/${index % 7}/f${index}`, `n${index}`),
    );
    on.transfers.upload(placeId, '/d', { files, folders: ['photos/none'] });
    await until(() => expect(on.first().phase).toBe('done'));
    expect([on.first().filesDone, on.first().title, on.first().failureCount]).toEqual([1_000, 'photos', 0]);
    expect(on.first().bytesDone).toBe(on.first().bytesTotal);
    expect(text(on.files.bytes('/d/photos/6/f972'))).toBe('n972');
    expect(on.files.entry('/d/photos/none').kind).toBe('folder');
    expect(on.most()).toBeLessThanOrEqual(4);
    expect(on.calls.filter((method) => method === 'files.makeFolder').length).toBe(8);
    expect(on.changed).toHaveBeenCalledWith(placeId, '/d');
  });

  it('go on where they broke off when the connection is back, by themselves', async () => {
    const on = world();
    const content = new Uint8Array(2_000_000).map((_, index) => index % 251);
    on.files.breakAfterBytes = 1_000_000;
    on.setConnection({ phase: 'lost', retryAtMs: null });
    on.transfers.upload(placeId, '/d', { files: [file('big', content)], folders: [] });
    await until(() => expect(on.first().phase).toBe('offline'));
    expect(on.files.has('/d/big')).toBe(false);
    on.setConnection({ phase: 'open' });
    await until(() => expect(on.first().phase).toBe('done'));
    const [one, two] = on.writes;
    expect([on.writes.length, one?.offset, two?.uploadKey === one?.uploadKey]).toEqual([2, 0, true]);
    expect(two?.offset).toBeGreaterThanOrEqual(1_000_000);
    expect(Buffer.from(on.files.bytes('/d/big')).equals(content)).toBe(true);
  });

  it('wait for a host that is away, and give up for good reasons only', async () => {
    const on = world();
    on.setAway(new BerthError('host.not-connected', 'atlas is not connected.'));
    on.transfers.upload(placeId, '/d', { files: [file('sub/a', 'x')], folders: [] });
    await until(() => expect(on.waits.length).toBe(1));
    expect([on.first().phase, on.waits[0]?.ms]).toEqual(['offline', 1_000]);
    on.waits[0]?.go();
    await until(() => expect(on.waits.length).toBe(2));
    expect(on.waits[1]?.ms).toBe(3_000);
    on.setAway(null);
    on.waits[1]?.go();
    await until(() => expect(on.first().phase).toBe('done'));
  });

  it('let one file fail without the others, say why, and try only that one again', async () => {
    const on = world();
    on.files.put('/d/locked', { isFolder: true });
    on.transfers.upload(placeId, '/d', {
      files: [file('a', '1'), file('locked/b', '2'), file('c', '3')],
      folders: [],
    });
    await until(() => expect(on.first().phase).toBe('failed'));
    expect([on.first().filesDone, on.first().failures.map(({ name }) => name)]).toEqual([2, ['locked/b']]);
    expect(on.first().failures[0]?.error.code).toBe('file.permission-denied');
    const before = on.writes.length;
    on.transfers.retry(on.first().id);
    await until(() => expect(on.first().phase).toBe('failed'));
    expect(on.writes.slice(before).map(({ path }) => path)).toEqual(['/d/locked/b']);
  });

  it('fail where a file has the name of a folder that is sent, and ask nothing about what is in it', async () => {
    const on = world();
    on.files.put('/d/taken', { text: 'a file' });
    on.transfers.upload(placeId, '/d', {
      files: [file('taken/a', '1'), file('taken/b', '2'), file('c', '3')],
      folders: ['taken/empty'],
    });
    await until(() => expect(on.first().phase).toBe('failed'));
    expect([
      on.first().filesDone,
      on
        .first()
        .failures.map(({ name }) => name)
        .sort(),
    ]).toEqual([1, ['taken/a', 'taken/b', 'taken/empty']]);
    expect(on.calls.filter((method) => method === 'files.makeFolder').length).toBeLessThan(5);
  });

  it('ask once for all about names that are there, and never replace unasked', async () => {
    const on = world();
    for (const name of ['a.txt', 'b.txt', 'c.txt']) on.files.put(`/d/${name}`, { text: 'old' });
    const files = ['a.txt', 'b.txt', 'c.txt', 'new.txt'].map((name) => file(name, 'new'));
    on.transfers.upload(placeId, '/d', { files, folders: [] });
    await until(() => expect(on.first().phase).toBe('asking'));
    expect(text(on.files.bytes('/d/a.txt'))).toBe('old');
    on.files.put('/d/a (2).txt', { text: 'older' });
    on.transfers.answer(on.first().id, { choice: 'both', isForAll: true });
    await until(() => expect(on.first().phase).toBe('done'));
    expect(
      ['a.txt', 'a (2).txt', 'a (3).txt', 'b (2).txt'].map((name) => text(on.files.bytes(`/d/${name}`))),
    ).toEqual(['old', 'older', 'new', 'new']);
  });

  it('replace and skip as they are told, one by one', async () => {
    const on = world();
    for (const name of ['a', 'b']) on.files.put(`/d/${name}`, { text: 'old' });
    on.transfers.upload(placeId, '/d', { files: [file('a', 'new'), file('b', 'new')], folders: [] });
    await until(() => expect(on.first().phase).toBe('asking'));
    const asked = on.first().conflict;
    on.transfers.answer(on.first().id, { choice: 'replace', isForAll: false });
    await until(() => expect([on.first().phase, on.first().conflict === asked]).toEqual(['asking', false]));
    on.transfers.answer(on.first().id, { choice: 'skip', isForAll: false });
    await until(() => expect(on.first().phase).toBe('done'));
    expect([on.first().filesDone, on.first().filesSkipped]).toEqual([1, 1]);
    expect(text(on.files.bytes(`/d/${asked}`))).toBe('new');
    expect(text(on.files.bytes(`/d/${asked === 'a' ? 'b' : 'a'}`))).toBe('old');
  });

  it('leave nothing behind when they are cancelled', async () => {
    const on = world();
    on.files.breakAfterBytes = 500_000;
    on.setConnection({ phase: 'lost', retryAtMs: null });
    on.transfers.upload(placeId, '/d', { files: [file('big', new Uint8Array(3_000_000))], folders: [] });
    await until(() => expect(on.first().phase).toBe('offline'));
    expect(on.files.uploadsHeld).toBe(1);
    on.transfers.cancel(on.first().id);
    await until(() => expect(on.first().phase).toBe('cancelled'));
    expect([on.files.uploadsHeld, on.files.has('/d/big')]).toEqual([0, false]);
    on.transfers.forgetEnded();
    expect(on.transfers.store.getState().transfers).toEqual([]);
  });
});

describe('downloads', () => {
  const content = new Uint8Array(300_000).map((_, index) => index % 253);
  const whole = (parts: readonly Uint8Array[]) => Buffer.concat(parts);

  it('go on where they broke off, as long as it is the same file', async () => {
    const on = world();
    const entry = on.files.put('/d/big', { bytes: content });
    on.cutReadsAfter(100_000);
    on.setConnection({ phase: 'lost', retryAtMs: null });
    await on.transfers.download(placeId, '/d', { kind: 'file', entry });
    await until(() => expect(on.first().phase).toBe('offline'));
    on.setConnection({ phase: 'open' });
    await until(() => expect(on.first().phase).toBe('done'));
    expect(on.reads).toEqual([
      { offset: 0, ifVersion: entry.version },
      { offset: 100_000, ifVersion: entry.version },
    ]);
    expect([on.saved.length, on.saved[0]?.state]).toEqual([1, 'closed']);
    expect(whole(on.saved[0]!.parts).equals(content)).toBe(true);
  });

  it('fail, and leave no half file, where it is another file by then', async () => {
    const on = world();
    const entry = on.files.put('/d/big', { bytes: content });
    on.cutReadsAfter(100_000);
    on.setConnection({ phase: 'lost', retryAtMs: null });
    await on.transfers.download(placeId, '/d', { kind: 'file', entry });
    await until(() => expect(on.first().phase).toBe('offline'));
    on.files.put('/d/big', { bytes: content });
    on.setConnection({ phase: 'open' });
    await until(() => expect(on.first().phase).toBe('failed'));
    expect([on.first().failures[0]?.error.code, on.saved[0]?.state]).toEqual(['file.changed', 'aborted']);
  });

  it('stand still while they are paused', async () => {
    const on = world();
    const entry = on.files.put('/d/big', { bytes: content });
    await on.transfers.download(placeId, '/d', { kind: 'file', entry });
    on.transfers.pause(on.first().id);
    expect(on.first().phase).toBe('paused');
    on.transfers.resume(on.first().id);
    await until(() => expect(on.first().phase).toBe('done'));
    expect(whole(on.saved[0]!.parts).equals(content)).toBe(true);
  });
});
