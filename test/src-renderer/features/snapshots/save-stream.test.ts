import { describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { saveItems } from '#renderer/features/snapshots/save-stream.ts';
import {
  type ByteSink,
  type ByteSource,
  collectedBytes,
  pump,
  type SavePlace,
} from '#renderer/state/byte-pump.ts';
import { createNotices } from '#renderer/state/notices.ts';
import { numbered, savePlace } from '#renderer/state/save-place.ts';

/** A sender that waits for each part to be used before it sends the next, and can be made to fail. */
function source(parts: readonly number[][], failure?: BerthError) {
  const ending = Promise.withResolvers<void>();
  ending.promise.catch(() => undefined);
  const state = { sent: 0, isClosed: false };
  const own: ByteSource = {
    onBytes: (listener) => {
      const send = () => {
        if (state.isClosed) return;
        const part = parts[state.sent];
        if (part === undefined) {
          if (failure) ending.reject(failure);
          else ending.resolve();
          return;
        }
        state.sent += 1;
        queueMicrotask(() => listener(Uint8Array.from(part), send));
      };
      send();
    },
    send: () => undefined,
    waitingBytes: 0,
    whenSent: () => Promise.resolve(),
    opened: Promise.resolve(),
    ended: ending.promise,
    close: () => {
      state.isClosed = true;
      ending.resolve();
    },
  };
  return { own, state };
}

function sink() {
  const bytes: number[] = [];
  const own = {
    write: vi.fn((part: Uint8Array) => {
      bytes.push(...part);
      return Promise.resolve();
    }),
    close: vi.fn(() => Promise.resolve()),
    abort: vi.fn(() => Promise.resolve()),
  } satisfies ByteSink;
  return { own, bytes };
}
const quiet = () => new AbortController().signal;

describe('moving bytes', () => {
  it('writes all in order, then closes', async () => {
    const to = sink();
    expect(await pump(source([[1, 2], [3], [4, 5]]).own, to.own, { signal: quiet() })).toBe(5);
    expect(to.bytes).toEqual([1, 2, 3, 4, 5]);
    expect(to.own.close).toHaveBeenCalledOnce();
    expect(to.own.abort).not.toHaveBeenCalled();
  });

  it('lets the sender wait for the disk', async () => {
    const disk = Promise.withResolvers<void>();
    const from = source([[1], [2], [3]]);
    const to = { ...sink().own, write: vi.fn(() => disk.promise) };
    const moving = pump(from.own, to, { signal: quiet() });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([from.state.sent, to.write.mock.calls.length]).toEqual([1, 1]);
    disk.resolve();
    await moving;
    expect([from.state.sent, to.write.mock.calls.length]).toEqual([3, 3]);
  });

  it('leaves no half file when the sender fails, the disk fails, or it is cancelled', async () => {
    const lost = sink();
    const failure = new BerthError('connection-lost', 'Gone.');
    await expect(pump(source([[1]], failure).own, lost.own, { signal: quiet() })).rejects.toBe(failure);

    const full = { ...sink().own, write: vi.fn(() => Promise.reject(new Error('full'))) };
    const from = source([[1], [2]]);
    await expect(pump(from.own, full, { signal: quiet() })).rejects.toThrow('full');
    expect(from.state.isClosed).toBe(true);

    const stop = new AbortController();
    const never = { ...sink().own, write: vi.fn(() => new Promise<void>(() => undefined)) };
    const cancelled = pump(source([[1]]).own, never, { signal: stop.signal });
    stop.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    for (const one of [lost.own, full, never]) {
      expect(one.abort).toHaveBeenCalledOnce();
      expect(one.close).not.toHaveBeenCalled();
    }
  });
});

describe('saving', () => {
  const item = (name: string, parts: number[][], sizeBytes: number | null = null) => ({
    name,
    sizeBytes,
    open: () => source(parts).own,
  });
  const told = (notices: ReturnType<typeof createNotices>) =>
    notices.store.getState().notices.map(({ level, title, progress }) => [level, title, progress]);

  it('tells what was saved, in the notice that told its progress', async () => {
    const notices = createNotices();
    const to = sink();
    const place: SavePlace = {
      isCollecting: false,
      choose: () => Promise.resolve(() => Promise.resolve(to.own)),
    };
    expect(await saveItems({ notices, place }, [item('a.txt', [[1, 2]], 2)])).toBe(true);
    expect(told(notices)).toEqual([['done', 'Saved a.txt', null]]);
    expect(await saveItems({ notices, place }, [item('b', [[3]]), item('c', [[4]])])).toBe(true);
    expect(to.bytes).toEqual([1, 2, 3, 4]);
    expect(told(notices)[0]).toEqual(['done', 'Saved 2 entries', null]);
  });

  it('says nothing when nothing was chosen or it was cancelled, and says a failure', async () => {
    const notices = createNotices();
    const to = sink();
    const chooseNothing: SavePlace = { isCollecting: false, choose: () => Promise.resolve(null) };
    expect(await saveItems({ notices, place: chooseNothing }, [item('a', [[1]])])).toBe(false);
    expect(told(notices)).toEqual([]);

    const place: SavePlace = {
      isCollecting: false,
      choose: () =>
        Promise.resolve(() => Promise.resolve({ ...to.own, write: () => new Promise(() => undefined) })),
    };
    const saving = saveItems({ notices, place }, [item('a', [[1]])]);
    await expect.poll(() => told(notices)).toEqual([['info', 'Saving a', { part: null }]]);
    notices.store.getState().notices[0]!.action!.run();
    expect(await saving).toBe(false);
    expect(told(notices)).toEqual([]);

    const refused: SavePlace = {
      isCollecting: false,
      choose: () => Promise.reject(new DOMException('no', 'SecurityError')),
    };
    expect(await saveItems({ notices, place: refused }, [item('a', [[1]])])).toBe(false);
    expect(told(notices)).toEqual([['error', 'a could not be saved', null]]);
  });

  it('refuses what is too large to be collected, before a byte is asked for', async () => {
    const notices = createNotices();
    const open = vi.fn(() => source([]).own);
    const place = savePlace({ download: () => undefined });
    expect(place.isCollecting).toBe(true);
    await saveItems({ notices, place }, [{ name: 'huge', sizeBytes: collectedBytes + 1, open }]);
    expect(open).not.toHaveBeenCalled();
    expect(notices.store.getState().notices[0]?.body).toContain('1 GiB');
  });
});

describe('places', () => {
  it('without the file pickers hand the bytes over as one download', async () => {
    const downloads: [Blob, string][] = [];
    const place = savePlace({ download: (...one) => downloads.push(one) });
    const create = await place.choose(['a.txt']);
    const to = await create!('a.txt');
    await to.write(Uint8Array.from([1, 2]));
    await to.write(Uint8Array.from([3]));
    await to.close();
    expect(downloads.map(([, name]) => name)).toEqual(['a.txt']);
    expect([...new Uint8Array(await downloads[0]![0].arrayBuffer())]).toEqual([1, 2, 3]);
  });

  it('with the file pickers write to the chosen file, and take a closed picker for no', async () => {
    const writable = sink().own;
    const handle = { createWritable: () => Promise.resolve(writable) } as unknown as FileSystemFileHandle;
    const showSaveFilePicker = vi.fn(() => Promise.resolve(handle));
    const showDirectoryPicker = vi.fn(() => Promise.reject(new DOMException('closed', 'AbortError')));
    const place = savePlace({ showSaveFilePicker, showDirectoryPicker, download: () => undefined });
    const create = await place.choose(['a.txt']);
    await (await create!('a.txt')).write(Uint8Array.from([9]));
    expect(showSaveFilePicker).toHaveBeenCalledWith({ suggestedName: 'a.txt' });
    expect(writable.write).toHaveBeenCalledOnce();
    expect(await place.choose(['a', 'b'])).toBeNull();
  });

  it('never take the place of a file that is there', () => {
    expect([numbered('a.tar.gz', 2), numbered('.env', 2), numbered('x', 3)]).toEqual([
      'a.tar (2).gz',
      '.env (2)',
      'x (3)',
    ]);
  });
});
