/** Helper containers on a real engine: input, output, ends, and everything that they must not be able to do. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import type { HelperSpec } from '#main/control-plane/interfaces/helper-container.ts';
import type { HostProcess } from '#main/control-plane/interfaces/host-connection.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { BUSYBOX, type EngineOnHost, makeStandInScripts, startEngineOnHost } from './engine-fixture.ts';

const cleanUp = new AsyncDisposableStack();
let on: EngineOnHost;
let engine: ContainerEngine;
beforeAll(async () => {
  const scripts = cleanUp.use(await makeStandInScripts());
  on = cleanUp.use(await startEngineOnHost({}, { scriptsFolder: scripts.folder }));
  engine = on.engine;
});
afterAll(() => cleanUp.disposeAsync());

let count = 0;
function specOf(args: readonly string[], over: Partial<HelperSpec> = {}): HelperSpec {
  const name = `berth-helper-${++count}`;
  return { name, labels: { 'dev.berth.test': '1' }, args, mounts: [], capabilities: [], ...over };
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly error: unknown;
}

function collect(process: HostProcess): { readonly text: () => string; readonly ended: Promise<Ended> } {
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  const text = () => Buffer.concat(stdout).toString();
  process.onOutput((bytes) => stdout.push(bytes));
  process.onErrorOutput((bytes) => stderr.push(bytes));
  const ended = new Promise<Ended>((resolve) =>
    process.onEnd(({ exitCode, error }) =>
      resolve({ stdout: text(), stderr: Buffer.concat(stderr).toString(), exitCode, error }),
    ),
  );
  return { text, ended };
}

async function run(spec: HelperSpec): Promise<Ended> {
  return await collect(await engine.runHelper(spec)).ended;
}

const containers = async (filter = 'label=dev.berth.helper') =>
  (await on.host.docker('ps', '-aq', '--filter', filter)).trim().split('\n').filter(Boolean);
const nothingLeft = () =>
  waitUntil(async () => (await containers()).length === 0, { what: 'nothing is left' });

describe('in our hands', () => {
  test('lines, errors and the exit code; nothing is left', async () => {
    const { stdout, stderr, exitCode, error } = await run(specOf(['lines', '1000', '3']));
    expect({ exitCode, error }).toEqual({ exitCode: 3, error: undefined });
    const numbers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { number: number }).number);
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(stderr).toHaveLength(5000 + 'the end of ärror\n'.length);
    expect(await containers()).toEqual([]);
    expect(await engine.listHelpers({})).toEqual([]);
  });

  test('input goes both ways, and can be ended while output goes on', async () => {
    const process = await engine.runHelper(specOf(['echo']));
    const { text, ended } = collect(process);
    await waitUntil(() => text().includes('ready'), { what: 'it is ready' });
    process.write(Buffer.from('to and fro'));
    await waitUntil(() => text().endsWith('to and fro'), { what: 'the echo' });
    process.endInput();
    process.write(Buffer.from('too late'));
    expect(await ended).toEqual({
      stdout: '"ready"\nto and fro',
      stderr: 'input ended\n',
      exitCode: 7,
      error: undefined,
    });
  });

  test('one that ends while its input is open has ended', async () => {
    expect(await run(specOf(['ready-and-close']))).toMatchObject({ exitCode: 5, stdout: '"ready"\n' });
  });

  test('much input, at the pace of the program', async () => {
    const process = await engine.runHelper(specOf(['count']));
    const { ended } = collect(process);
    const block = Buffer.alloc(256 * 1024, 0x61);
    const blocks = 400;
    let go = () => {};
    process.onDrain(() => go());
    for (let sent = 0; sent < blocks; sent++)
      if (!process.write(block)) await new Promise<void>((resolve) => (go = resolve));
    process.endInput();
    expect(await ended).toMatchObject({ stdout: `{"total": ${blocks * block.length}}\n`, exitCode: 0 });
  });

  test('one that fails while it is written to: its words and its exit code', async () => {
    const process = await engine.runHelper(specOf(['fail-early']));
    const { ended } = collect(process);
    let isOver = false;
    process.onEnd(() => (isOver = true));
    let go = () => {};
    process.onDrain(() => go());
    const block = Buffer.alloc(256 * 1024, 0x61);
    while (!isOver) {
      if (process.write(block)) await new Promise((resolve) => setImmediate(resolve));
      else await Promise.race([ended, new Promise<void>((resolve) => (go = resolve))]);
    }
    expect(await ended).toEqual({
      stdout: '{"error": "no space"}\n',
      stderr: '',
      exitCode: 9,
      error: undefined,
    });
  });

  test('200 MB for a slow reader: whole, and our memory stays flat', async () => {
    const process = await engine.runHelper(specOf(['bytes', '200']));
    const hash = createHash('sha256');
    let size = 0;
    let isPaused = false;
    let reads = 0;
    let most = 0;
    globalThis.gc?.();
    const before = globalThis.process.memoryUsage().rss;
    process.onOutput((bytes) => {
      expect(isPaused).toBe(false);
      hash.update(bytes);
      size += bytes.length;
      most = Math.max(most, globalThis.process.memoryUsage().rss - before);
      if (++reads % 50 !== 0) return;
      isPaused = true;
      process.pause();
      setTimeout(() => {
        isPaused = false;
        process.resume();
      }, 5);
    });
    const end = await new Promise((resolve) => process.onEnd(resolve));
    expect(end).toEqual({ exitCode: 0 });
    expect(size).toBe(200 * 1024 * 1024);
    const expected = createHash('sha256');
    const block = Buffer.from(Array.from({ length: 65_536 }, (_, index) => index % 256));
    for (let index = 0; index < 3200; index++) expected.update(block);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
    expect(most).toBeLessThan(80 * 1024 * 1024);
  });

  test('a pause holds the program back', async () => {
    const process = await engine.runHelper(specOf(['bytes', '50']));
    let size = 0;
    process.onOutput((bytes) => {
      size += bytes.length;
      process.pause();
    });
    await waitUntil(() => size > 0, { what: 'the first bytes' });
    const held = size;
    // Nothing must come in this time.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(size).toBe(held);
    process.release();
    await nothingLeft();
  });

  test('out of memory is exit code 137', async () => {
    expect(await run(specOf(['memory'], { memoryBytes: 64 * 1024 * 1024 }))).toMatchObject({ exitCode: 137 });
  });

  test('a cut connection leaves none running', async () => {
    const another = await on.openAnother();
    const process = await another.runHelper(specOf(['echo']));
    const { text, ended } = collect(process);
    await waitUntil(() => text().includes('ready'), { what: 'it is ready' });
    expect(await containers()).toHaveLength(1);
    another.close();
    expect(await ended).toMatchObject({ exitCode: null, error: { code: 'connection-lost' } });
    await nothingLeft();
  });

  test('what is let go of is gone, even one that reads no input', async () => {
    const process = await engine.runHelper(specOf(['stubborn']));
    const { text } = collect(process);
    await waitUntil(() => text().includes('ready'), { what: 'it is ready' });
    process.release();
    process.release();
    await nothingLeft();
  });

  test('a name that an earlier try holds is taken over', async () => {
    const spec = specOf(['stubborn']);
    const first = collect(await engine.runHelper(spec));
    await waitUntil(() => first.text().includes('ready'), { what: 'it is ready' });
    expect(await run({ ...spec, args: ['ready-and-close'] })).toMatchObject({ exitCode: 5 });
    expect(await first.ended).toMatchObject({ exitCode: 137 });
  });

  test('cancelled while it is set up', async () => {
    await expect(engine.runHelper(specOf(['wait']), AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
    for (const afterMs of [1, 5, 10, 20, 40, 80, 160, 320]) {
      const cancel = new AbortController();
      const running = engine.runHelper(specOf(['wait']), cancel.signal);
      setTimeout(() => cancel.abort(), afterMs);
      await running.then(
        (process) => process.release(),
        (error: unknown) => expect(error).toMatchObject({ code: 'cancelled' }),
      );
    }
    await nothingLeft();
  });
});

describe('on their own', () => {
  const ended = (name: string) =>
    waitUntil(async () => ((await engine.helperState(name))?.isRunning === false ? true : undefined), {
      what: 'it ends',
    });
  const follow = async (name: string, from: ContainerEngine = engine) => {
    const lines: string[] = [];
    const state = await from.followHelper(name, (line) => lines.push(line), new AbortController().signal);
    return { lines, state };
  };

  test('started, followed from the beginning, whole lines, the end of its errors', async () => {
    const spec = specOf(['lines', '3000', '4']);
    const { id } = await engine.startHelper(spec);
    const { lines, state } = await follow(spec.name);
    expect(lines).toHaveLength(3000);
    expect(JSON.parse(lines[2999]!)).toEqual({ number: 2999, text: 'über €uro '.repeat(20) });
    expect(state).toMatchObject({ id, isRunning: false, exitCode: 4, isOutOfMemory: false });
    expect(state.errorText).toMatch(/^x+the end of ärror\n$/);
    expect(Buffer.byteLength(state.errorText)).toBe(4096);
    expect((await follow(spec.name)).lines).toEqual(lines);
    await engine.endHelper(spec.name);
    expect(await engine.helperState(spec.name)).toBeUndefined();
    await engine.endHelper(spec.name);
    await expect(follow(spec.name)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('one that was made and never started is started, with its input', async () => {
    const spec = specOf(['count']);
    const labels = ['--label', 'dev.berth.helper=1'];
    await on.host.docker('create', '-i', ...labels, '--name', spec.name, BUSYBOX, 'wc', '-c');
    expect(await engine.helperState(spec.name)).toMatchObject({ isRunning: false, exitCode: null });
    await engine.startHelper(spec, Buffer.from('four'));
    expect((await follow(spec.name)).lines).toEqual(['4']);
    await engine.endHelper(spec.name);
  });

  test('the same name is found, not started twice; input is written once', async () => {
    const spec = specOf(['count']);
    const input = Buffer.alloc(300_000, 0x62);
    const [one, two] = await Promise.all([engine.startHelper(spec, input), engine.startHelper(spec, input)]);
    expect(two).toEqual(one);
    expect((await follow(spec.name)).lines).toEqual(['{"total": 300000}']);
    expect(await engine.startHelper(spec, input)).toEqual(one);
    expect((await follow(spec.name)).lines).toEqual(['{"total": 300000}']);
    expect(await engine.listHelpers({ 'dev.berth.test': '1' })).toEqual([spec.name]);
    expect(await engine.listHelpers({ 'dev.berth.test': '2' })).toEqual([]);
    await engine.endHelper(spec.name);
  });

  test('lines longer than the pieces in which the engine keeps them', async () => {
    const spec = specOf(['long-lines']);
    await engine.startHelper(spec);
    const { lines } = await follow(spec.name);
    expect(lines.map((line) => line.length)).toEqual([100_000, 1, 16_384]);
    expect(new Set(lines.join(''))).toEqual(new Set('ä'));
    await engine.endHelper(spec.name);
  });

  test('one that cannot be started is not left behind', async () => {
    const spec = specOf(['wait'], { capabilities: ['CHOWN'], memoryBytes: 6 * 1024 * 1024 });
    const mounts = [
      { kind: 'folder', source: '/etc/hostname', target: '/proc/x', isReadOnly: true },
    ] as const;
    await expect(engine.startHelper({ ...spec, mounts })).rejects.toMatchObject({
      code: 'workspace.start-failed',
    });
    expect(await engine.helperState(spec.name)).toBeUndefined();
  });

  test('out of memory is said', async () => {
    const spec = specOf(['memory'], { memoryBytes: 64 * 1024 * 1024 });
    await engine.startHelper(spec);
    expect((await follow(spec.name)).state).toMatchObject({ exitCode: 137, isOutOfMemory: true });
    await engine.endHelper(spec.name);
  });

  test('goes on without us; who comes back gets every line', async () => {
    const spec = specOf(['slow-lines', '40', '0.05']);
    const another = await on.openAnother();
    await another.startHelper(spec);
    let seen = 0;
    const following = another.followHelper(spec.name, () => seen++, new AbortController().signal);
    const failure = following.catch((error: unknown) => error);
    await waitUntil(() => seen >= 3, { what: 'the first lines' });
    another.close();
    expect(await failure).toMatchObject({ code: 'connection-lost' });
    expect((await engine.helperState(spec.name))?.isRunning).toBe(true);
    const { lines, state } = await follow(spec.name);
    expect(lines).toEqual([
      ...Array.from({ length: 40 }, (_, number) => `{"number": ${number}}`),
      'last without end',
    ]);
    expect(state.exitCode).toBe(0);
    await engine.endHelper(spec.name);
  });

  test('followed until told not to', async () => {
    const spec = specOf(['wait']);
    await engine.startHelper(spec);
    const stop = new AbortController();
    const following = engine.followHelper(spec.name, () => stop.abort(), stop.signal);
    await expect(following).rejects.toMatchObject({ code: 'cancelled' });
    expect((await engine.helperState(spec.name))?.isRunning).toBe(true);
    const before = performance.now();
    await engine.endHelper(spec.name);
    expect(performance.now() - before).toBeLessThan(5_000);
    await nothingLeft();
  });

  test('a name that something else has is a conflict', async () => {
    const spec = specOf(['wait']);
    await engine.startHelper(spec);
    await expect(engine.runHelper(spec)).rejects.toMatchObject({ code: 'conflict' });
    await engine.endHelper(spec.name);
    const process = await engine.runHelper(spec);
    await expect(engine.startHelper(spec)).rejects.toMatchObject({ code: 'conflict' });
    process.release();
    await on.host.docker('run', '-d', '--name', 'berth-other', BUSYBOX, 'true');
    await expect(engine.startHelper({ ...spec, name: 'berth-other' })).rejects.toMatchObject({
      code: 'conflict',
    });
    await engine.endHelper('berth-other');
    expect(await containers('name=berth-other')).toHaveLength(1);
    await on.host.docker('rm', 'berth-other');
  });

  test('a volume that an ended helper holds can be removed', async () => {
    await engine.ensureVolume('helper-files', {});
    const mounts = [{ kind: 'volume', source: 'helper-files', target: '/src', isReadOnly: true }] as const;
    const running = specOf(['wait'], { mounts });
    await engine.startHelper(running);
    const done = specOf(['lines', '1', '0'], { mounts });
    await engine.startHelper(done);
    await ended(done.name);
    await expect(engine.removeVolume('helper-files')).rejects.toMatchObject({
      code: 'workspace.volume-in-use',
    });
    expect(await engine.helperState(running.name)).toMatchObject({ isRunning: true });
    await engine.endHelper(running.name);
    const again = specOf(['lines', '1', '0'], { mounts });
    await engine.startHelper(again);
    await ended(again.name);
    await engine.removeVolume('helper-files');
    await nothingLeft();
  });
});

describe('what they may', () => {
  interface Look {
    readonly capabilities: string;
    readonly bounding: string;
    readonly noNewPrivileges: string;
    readonly uid: number;
    readonly environment: string[];
    readonly interfaces: string[];
    readonly connects: boolean;
    readonly writes: Record<string, string>;
    readonly owners: Record<string, number>;
  }
  const look = async (paths: readonly string[], over: Partial<HelperSpec> = {}): Promise<Look> => {
    const { stdout, stderr } = await run(specOf(['look', ...paths], over));
    expect(stderr).toBe('');
    return JSON.parse(stdout) as Look;
  };

  test('no capability, no network, nothing to write to', async () => {
    const seen = await look(['/x', '/usr/x', '/etc/x', '/berth/x', '/tmp/x', '/run/x']);
    expect(seen).toMatchObject({
      capabilities: '0000000000000000',
      bounding: '0000000000000000',
      noNewPrivileges: '1',
      uid: 0,
      interfaces: ['lo'],
      connects: false,
      writes: {
        '/x': 'Read-only file system',
        '/usr/x': 'Read-only file system',
        '/etc/x': 'Read-only file system',
        '/berth/x': 'Read-only file system',
        '/tmp/x': 'yes',
        '/run/x': 'yes',
      },
    });
    expect(seen.environment).toEqual(expect.arrayContaining(['HOME', 'LC_ALL', 'PATH']));
  });

  test('exactly the capabilities that are named', async () => {
    // CHOWN 0, DAC_READ_SEARCH 2, FOWNER 3 (capabilities(7)).
    const capabilities = ['CHOWN', 'DAC_READ_SEARCH', 'FOWNER'];
    expect(await look([], { capabilities })).toMatchObject({
      capabilities: '000000000000000d',
      bounding: '000000000000000d',
    });
  });

  test('the host’s network where it is asked for', async () => {
    expect((await look([], { network: 'host' })).interfaces.length).toBeGreaterThan(1);
  });

  test('volumes and folders, read-only or not; a folder that is made', async () => {
    await engine.ensureVolume('mounted-a', {});
    await engine.ensureVolume('mounted-b', {});
    await on.host.runChecked(['mkdir', '-p', '/var/lib/stored/a']);
    const mounts: HelperSpec['mounts'] = [
      { kind: 'volume', source: 'mounted-a', target: '/src', isReadOnly: true },
      { kind: 'volume', source: 'mounted-b', target: '/dst', isReadOnly: false },
      { kind: 'folder', source: '/var/lib/stored/a', target: '/store', isReadOnly: true },
      {
        kind: 'folder',
        source: '/var/lib/stored/new/deep',
        target: '/made',
        isReadOnly: false,
        mayCreate: true,
      },
      { kind: 'folder', source: '/var/lib/stored/shut', target: '/shut', isReadOnly: true, mayCreate: true },
      { kind: 'socket', source: '/run/docker.sock', target: '/engine/docker.sock', isReadOnly: false },
    ];
    const { writes, owners } = await look(['/src/x', '/dst/x', '/store/x', '/made/x', '/shut/x'], { mounts });
    const isReadOnly = 'Read-only file system';
    expect(writes).toEqual({
      '/src/x': isReadOnly,
      '/dst/x': 'yes',
      '/store/x': isReadOnly,
      '/made/x': 'yes',
      '/shut/x': isReadOnly,
    });
    expect(owners['/made/x']).toBe(0);
    expect(await on.host.runChecked(['stat', '-c', '%a %u', '/var/lib/stored/new/deep'])).toBe('755 0\n');
    await engine.removeVolume('mounted-a');
    await engine.removeVolume('mounted-b');
  });

  test.each(['folder', 'volume', 'socket'] as const)('a %s that is not there', async (kind) => {
    const source = kind === 'volume' ? 'no-such-volume' : '/var/lib/no  such/ä';
    const mounts = [{ kind, source, target: '/store', isReadOnly: false }];
    for (const begin of [
      () => engine.runHelper(specOf(['wait'], { mounts })),
      () => engine.startHelper(specOf(['wait'], { mounts })),
    ])
      await expect(begin()).rejects.toMatchObject({ code: 'not-found' });
    expect(await containers()).toEqual([]);
    expect((await engine.listVolumes({})).map(({ name }) => name)).not.toContain('no-such-volume');
    expect((await on.host.run(['stat', '/var/lib/no  such'])).exitCode).toBe(1);
  });
});

describe('their image', () => {
  const images = async () =>
    (await on.host.docker('images', '-q', '--filter', 'reference=berth-helper'))
      .trim()
      .split('\n')
      .filter(Boolean);

  test('is not offered to people, nor is a helper a workspace', async () => {
    expect(await images()).toHaveLength(1);
    const offered = (await engine.listImages()).flatMap(({ references }) => references);
    expect(offered.filter((name) => name.includes('helper'))).toEqual([]);
    const labels = { 'dev.berth.managed': '1', 'dev.berth.workspace': 'ws_helped' };
    const end = new AbortController();
    const seen: string[] = [];
    const following = engine.events((event) => seen.push(`${event.type} ${event.id}`), end.signal);
    const spec = specOf(['wait'], { labels });
    const { id } = await engine.startHelper(spec);
    expect(await engine.listContainers({ 'dev.berth.managed': '1' })).toEqual([]);
    expect(await engine.listContainers({ 'dev.berth.workspace': null })).toEqual([]);
    expect(await engine.listHelpers({ 'dev.berth.workspace': 'ws_helped' })).toEqual([spec.name]);
    await engine.endHelper(spec.name);
    await engine.ensureVolume('after-the-helper', {});
    await waitUntil(() => seen.some((text) => text.endsWith('after-the-helper')), { what: 'later events' });
    expect(seen.filter((text) => text.includes(id))).toEqual([]);
    end.abort();
    await following;
    await engine.removeVolume('after-the-helper');
  });

  test('comes back when somebody pruned it; an older one goes', async () => {
    for (const id of await images()) await on.host.docker('rmi', id);
    expect(await images()).toEqual([]);
    await on.host.runChecked(['docker', 'import', '-', 'berth-helper:0123456789abcdef'], {
      input: Buffer.alloc(1024),
    });
    expect(await run(specOf(['ready-and-close']))).toMatchObject({ exitCode: 5 });
    const left = await on.host.docker('images', '--format', '{{.Tag}}', 'berth-helper');
    expect(left).toMatch(/^[0-9a-f]{16}\n$/);
    expect(left).not.toContain('0123456789abcdef');
  });
});

test('what changed in a container: leaves, not what is left out or made in passing', async () => {
  const { id } = await on.startWorkspace({ profile: 'root-inside' });
  const sh = (script: string) => engine.exec({ containerId: id, argv: ['sh', '-c', script] });
  expect(await engine.countChanges(id, ['/data/work'])).toBe(0);
  await sh(
    'touch /data/work/mine /tmp/x /var/new; mkdir -p /opt/a/b /opt/c; touch /opt/a/b/1 /opt/a/b/2; rm /bin/wc',
  );
  // /var/new, /opt/a/b/1, /opt/a/b/2, /opt/c and the one that is gone.
  expect(await engine.countChanges(id, ['/data/work'])).toBe(5);
  expect(await engine.countChanges(id, ['/data/work', '/opt/a/'])).toBe(3);
  await engine.stopContainer(id, 5);
  expect(await engine.countChanges(id, ['/data/work'])).toBe(5);
  await engine.removeContainer(id);
  await expect(engine.countChanges(id, [])).rejects.toMatchObject({ code: 'not-found' });
});
