/**
 * What travels beside files: images as the engine gives them, and lists of snapshots in repositories. Against an engine
 * double on a Unix socket that knows `docker save` and `docker load`. Needs no privilege.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureRequirements } from '../../servers/requirements.ts';
import { idOf, makeScratch, runProgram } from './snapshot-program.ts';

const scratch = makeScratch();
beforeAll(() => ensureRequirements(['snapshots']), 600_000);
afterAll(scratch.remove);

/** As `docker save` has it: blobs and what they belong to. */
function savedImages(): Buffer {
  const folder = scratch.folder('image');
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(folder, 'blobs/sha256/aa'), Buffer.alloc(3_000_000, 'layer'));
  writeFileSync(join(folder, 'manifest.json'), '[{"RepoTags":["own:1"]}]');
  const { stdout } = spawnSync('tar', ['-cf', '-', '-C', folder, 'blobs', 'manifest.json'], {
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

class EngineDouble {
  readonly socket = join(scratch.folder('engine'), 'engine.sock');
  readonly asked: string[] = [];
  readonly images = savedImages();
  /** Bytes after which it breaks off. */
  breaksOffAfter = Number.POSITIVE_INFINITY;
  /** What it says when it has read an archive. */
  loadAnswer = '{"stream":"Loaded image: own:1"}\n';
  loaded: Buffer | undefined;
  wasCutOff = false;
  #server: Server | undefined;

  start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    return new Promise((resolve) => this.#server?.listen(this.socket, resolve));
  }
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(`${request.method} ${request.url}`);
    if (request.url?.includes('missing') === true) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"message":"No such image: missing:1"}');
      return;
    }
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/x-tar' });
      if (this.breaksOffAfter > this.images.length) {
        response.end(this.images);
        return;
      }
      response.write(this.images.subarray(0, this.breaksOffAfter), () => response.destroy());
      return;
    }
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      this.wasCutOff = true;
      return;
    }
    this.loaded = Buffer.concat(pieces);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(this.loadAnswer);
  }
  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
  }
}

describe('images', () => {
  let engine: EngineDouble;
  let store: string;
  const id = idOf('images');
  const keep = (...more: string[]) =>
    runProgram([
      ...['keep-images', '--store', store, '--id', id, '--about', '{}', '--socket', engine.socket],
      ...['--image', 'own:1', '--image', 'team/other:2', '--bytes', '3000000', ...more],
    ]);
  const load = () => runProgram(['load-images', '--store', store, '--id', id, '--socket', engine.socket]);

  beforeEach(async () => {
    store = join(scratch.folder('store'), 'inner');
    engine = new EngineDouble();
    await engine.start();
  });
  afterEach(() => engine.stop());

  it('are kept compressed as one archive, checked, and given back byte for byte', async () => {
    const kept = await keep();
    expect([kept.exitCode, kept.stderr]).toEqual([0, '']);
    const { manifest } = kept.one('published') as unknown as {
      manifest: { tarBytes: number; archive: { bytes: number }; entries: { files: number } };
    };
    expect(manifest.tarBytes).toBe(engine.images.length);
    expect(manifest.archive.bytes).toBeLessThan(engine.images.length / 10);
    expect(manifest.entries.files).toBe(2);
    expect(engine.asked).toEqual(['GET /images/get?names=own%3A1&names=team%2Fother%3A2']);
    // Asked again after a lost connection: nothing is read twice.
    expect((await keep()).one('published')).toEqual(kept.one('published'));
    expect(engine.asked).toHaveLength(1);
    const loaded = await load();
    expect([loaded.exitCode, loaded.stderr]).toEqual([0, '']);
    expect(engine.loaded?.equals(engine.images)).toBe(true);
  });

  it('of which the engine broke off are not kept, and nothing is left', async () => {
    for (const bytes of [0, 700, 1_000_000]) {
      engine.breaksOffAfter = bytes;
      const { exitCode, events } = await keep();
      expect([exitCode, events.at(-1)?.code]).toEqual([1, 'engine.unreachable']);
      expect(readdirSync(store)).toEqual([]);
    }
  });

  it('that are not there are said by name', async () => {
    const { events } = await keep('--image', 'missing:1');
    expect(events.at(-1)).toMatchObject({
      code: 'image.not-found',
      message: expect.stringContaining('missing:1'),
    });
    expect(readdirSync(store)).toEqual([]);
  });

  it('need room on the disk', async () => {
    const { events } = await keep('--bytes', String(2 ** 60));
    expect(events.at(-1)).toMatchObject({ code: 'host.disk-full' });
    expect(engine.asked).toEqual([]);
  });

  it('that were damaged since are not taken for whole: the engine never sees their end', async () => {
    await keep();
    const data = join(store, id, 'data.tar.zst');
    const before = readFileSync(data);
    // The same length, other bytes: a valid archive that is not the one of the manifest.
    const other = zstdCompressSync(engine.images.subarray(0, 1024 * 1024));
    writeFileSync(data, Buffer.concat([other, Buffer.alloc(Math.max(0, before.length - other.length))]));
    truncateSync(data, before.length);
    const { exitCode, events } = await load();
    expect([exitCode, events.at(-1)?.code]).toEqual([1, 'snapshot.corrupt']);
    expect(engine.loaded).toBeUndefined();
    expect(engine.wasCutOff).toBe(true);
  });

  it('that the engine does not take are a failure, though it said 200', async () => {
    await keep();
    const words = {
      'engine.failed': 'invalid tar header',
      'host.disk-full': 'write /layer.tar: no space left on device',
    };
    for (const [code, error] of Object.entries(words)) {
      engine.loadAnswer = `{"stream":"x"}\n${JSON.stringify({ errorDetail: { message: error }, error })}\n`;
      expect((await load()).events.at(-1)).toMatchObject({
        code,
        message: `The engine did not take the images: ${error}`,
      });
    }
  });
});

describe('lists of snapshots in repositories', () => {
  const carrier = idOf('lists');
  const manifestOf = (id: string) => ({
    format: 1,
    id,
    about: { name: id },
    archive: { sha256: 'a'.repeat(64), bytes: 5 },
    entries: { count: 0, files: 0, sha256: 'b'.repeat(64), contentBytes: 0 },
    repository: { id: 'repo_1', snapshot: 'c'.repeat(64) },
  });
  function put(store: string, id: string, change: object = {}): void {
    mkdirSync(join(store, id), { recursive: true, mode: 0o700 });
    writeFileSync(join(store, id, 'manifest.json'), JSON.stringify({ ...manifestOf(id), ...change }));
    writeFileSync(join(store, id, 'entries.zst'), zstdCompressSync(Buffer.alloc(0)));
    writeFileSync(join(store, id, 'marks.json'), '{"isPinned":true}');
  }
  const keep = (store: string, ids: readonly string[]) =>
    runProgram([
      ...['keep-lists', '--store', store, '--id', carrier, '--about', '{}'],
      ...ids.flatMap((id) => ['--list', id]),
    ]);
  const take = (store: string) => runProgram(['take-lists', '--store', store, '--id', carrier]);
  const listed = async (store: string) =>
    (await runProgram(['list', '--store', store])).events.filter(({ event }) => event === 'snapshot');

  it('come back in an empty store as they were, with the word by which it knows its own', async () => {
    const store = scratch.folder('store');
    const ids = [idOf('first'), idOf('second')];
    for (const id of ids) put(store, id);
    mkdirSync(join(store, '.restic'));
    writeFileSync(join(store, '.restic/store.json'), '{"id":"0011223344556677"}');
    const before = await listed(store);
    expect(before).toHaveLength(2);
    expect((await keep(store, ids)).exitCode).toBe(0);
    const fresh = scratch.folder('store');
    cpSync(join(store, carrier), join(fresh, carrier), { recursive: true });
    const taken = await take(fresh);
    expect([taken.exitCode, taken.stderr]).toEqual([0, '']);
    expect(taken.one('taken').ids).toEqual([...ids].sort());
    expect(
      (await listed(fresh)).filter(({ manifest }) => (manifest as { id: string }).id !== carrier),
    ).toEqual(before);
    expect(JSON.parse(readFileSync(join(fresh, '.restic/store.json'), 'utf8'))).toEqual({
      id: '0011223344556677',
    });
    expect(readdirSync(fresh).filter((name) => name.startsWith('.tmp'))).toEqual([]);
    // Once more, after a lost answer.
    expect((await take(fresh)).one('taken').ids).toEqual([]);
  });

  it('leave what is in the store already as it is', async () => {
    const store = scratch.folder('store');
    const id = idOf('first');
    put(store, id);
    await keep(store, [id]);
    writeFileSync(join(store, id, 'marks.json'), '{"isPinned":false}');
    await take(store);
    expect(readFileSync(join(store, id, 'marks.json'), 'utf8')).toBe('{"isPinned":false}');
  });

  it('are not kept of what is an archive here, or not there', async () => {
    const store = scratch.folder('store');
    put(store, idOf('plain'), { repository: undefined, archive: { sha256: 'a'.repeat(64), bytes: 0 } });
    writeFileSync(join(store, idOf('plain'), 'data.tar.zst'), '');
    for (const [id, code] of [
      [idOf('plain'), 'conflict'],
      [idOf('nothing'), 'not-found'],
      ['../../etc', 'not-found'],
    ] as const)
      expect((await keep(store, [id])).events.at(-1)?.code).toBe(code);
    expect(existsSync(join(store, carrier))).toBe(false);
  });
});
