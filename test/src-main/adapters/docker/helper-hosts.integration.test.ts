/** Helper containers on hosts that are laid out or set up in another way, and what a restart of the engine does to them. */
import { expect, test } from 'vitest';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import type { HelperSpec } from '#main/control-plane/interfaces/helper-container.ts';
import { type RemoteHostOptions, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { ConnectorHarness, definitionFor, keyFile } from '../ssh/connector-harness.ts';
import { factoryForTests, makeStandInScripts, startEngineOnHost } from './engine-fixture.ts';

async function startHost(options: RemoteHostOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const scripts = stack.use(await makeStandInScripts());
  const on = stack.use(await startEngineOnHost(options, { scriptsFolder: scripts.folder }));
  const owned = stack.move();
  return { on, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const spec = (args: readonly string[], over: Partial<HelperSpec> = {}): HelperSpec => ({
  name: 'berth-helper-elsewhere',
  labels: {},
  args,
  mounts: [],
  capabilities: [],
  ...over,
});

async function run(engine: ContainerEngine, what: HelperSpec): Promise<string> {
  const process = await engine.runHelper(what);
  const output: Uint8Array[] = [];
  process.onOutput((bytes) => output.push(bytes));
  const end = await new Promise<{ exitCode: number | null }>((resolve) => process.onEnd(resolve));
  return `${Buffer.concat(output).toString()}${end.exitCode}`;
}

test('a host that lacks tools says which; one whose /lib64 is no link works', async () => {
  await using host = await startHost();
  const { on } = host;
  const open = await on.openAnother();
  expect(await run(open, spec(['ready-and-close']))).toBe('"ready"\n5');
  await on.host.runChecked(['mv', '/usr/bin/zstd', '/usr/bin/zstd.away']);
  const lacking = { code: 'snapshot.tools-missing' };
  await expect(on.engine.runHelper(spec(['wait']))).rejects.toMatchObject({
    ...lacking,
    message: expect.stringMatching(/lacks zstd where.*Install python3, tar and zstd there\.$/),
    details: { missing: ['zstd'] },
  });
  await on.host.runChecked(['mv', '/usr/bin/tar', '/usr/bin/tar.away']);
  await on.host.writeFile('/usr/bin/tar', '#!/bin/sh\necho bsdtar 3.6.2\n', { mode: '0755' });
  await expect(on.engine.startHelper(spec(['wait']))).rejects.toMatchObject({
    ...lacking,
    details: { missing: ['GNU tar', 'zstd'] },
  });
  await on.host.runChecked(['mv', '/usr/bin/tar.away', '/usr/bin/tar']);
  await on.host.runChecked(['mv', '/usr/bin/zstd.away', '/usr/bin/zstd']);

  const python = (await on.host.runChecked(['readlink', '-f', '/usr/bin/python3'])).trim();
  await on.host.runChecked(['mv', '/usr/bin/python3', '/usr/bin/python3.away']);
  await expect(on.engine.startHelper(spec(['wait']))).rejects.toMatchObject({
    ...lacking,
    details: { missing: ['python3'] },
  });
  // Where it was found before, its absence is noticed by the next one.
  expect(await run(open, spec(['ready-and-close']))).toBe('127');
  await expect(open.runHelper(spec(['wait']))).rejects.toMatchObject(lacking);
  await on.host.runChecked(['cp', python, '/usr/local/bin/python3']);
  expect(await run(on.engine, spec(['ready-and-close']))).toBe('"ready"\n5');
  await on.host.runChecked(['mv', '/usr/bin/python3.away', '/usr/bin/python3']);
  expect(await on.host.docker('ps', '-aq')).toBe('');

  // A program that needs no loader, since there is none for a moment.
  const script =
    'cp -a /usr/lib64 /lib64.new && rm /lib64 && mv /lib64.new /lib64 && rm -r /usr/lib64 && rm /usr/local/bin/python3';
  await on.host.runChecked(['busybox', 'sh', '-c', script]);
  const split = await on.openAnother();
  expect(await run(split, spec(['ready-and-close']))).toBe('"ready"\n5');
  await on.host.docker('image', 'prune', '-af');
  expect(await run(split, spec(['ready-and-close']))).toBe('"ready"\n5');
  // /lib32 and the like are not there, and were not asked for; what is not there is left out.
  await on.host.runChecked(['busybox', 'rm', '/bin']);
  const without = await on.openAnother();
  expect(await run(without, spec(['ready-and-close']))).toBe('"ready"\n5');
});

test('with user namespaces a helper is root of the host’s own numbers', async () => {
  await using host = await startHost({ daemonJson: { 'userns-remap': 'default' } });
  const { on } = host;
  await on.host.runChecked(['mkdir', '-p', '/var/lib/stored/a']);
  const mounts: HelperSpec['mounts'] = [
    { kind: 'folder', source: '/var/lib/stored/a', target: '/store', isReadOnly: false },
    { kind: 'folder', source: '/var/lib/stored/b', target: '/dst', isReadOnly: false, mayCreate: true },
  ];
  // The engine makes the second one for the root of its namespace, so that writing there takes a capability.
  const capabilities = ['DAC_OVERRIDE'];
  const output = await run(on.engine, spec(['look', '/store/x', '/dst/x'], { mounts, capabilities }));
  expect(JSON.parse(output.slice(0, -1))).toMatchObject({
    uid: 0,
    uidMap: ['0', '0', '4294967295'],
    writes: { '/store/x': 'yes', '/dst/x': 'yes' },
    owners: { '/store/x': 0 },
  });
  await on.engine.startHelper(spec(['lines', '3', '0']));
  const lines: string[] = [];
  const never = new AbortController().signal;
  await on.engine.followHelper('berth-helper-elsewhere', (line) => lines.push(line), never);
  expect(lines).toHaveLength(3);
});

test('an engine that restarts: one on its own goes on, and every line is there once', async () => {
  await using host = await startHost({ daemonJson: { 'live-restore': true } });
  const { on } = host;
  const what = spec(['slow-lines', '120', '0.05']);
  await on.engine.startHelper(what);
  const lines: string[] = [];
  const never = new AbortController().signal;
  const onLine = (line: string) => lines.push(line);
  const following = on.engine.followHelper(what.name, onLine, never).then(
    (state) => state,
    (error: unknown) => error,
  );
  await waitUntil(() => lines.length > 5, { what: 'the first lines' });
  await on.host.killEngine();
  const first = await following;
  if (first instanceof Error) {
    expect(first).toMatchObject({ code: expect.stringMatching(/^(connection-lost|engine\.unreachable)$/) });
    lines.length = 0;
    expect(await on.engine.followHelper(what.name, onLine, never)).toMatchObject({ exitCode: 0 });
  } else expect(first).toMatchObject({ exitCode: 0 });
  const numbers = Array.from({ length: 120 }, (_, number) => `{"number": ${number}}`);
  expect(lines).toEqual([...numbers, 'last without end']);
  await on.engine.endHelper(what.name);
});

test('over SSH: input is ended, output waits, and a cut connection leaves none running', async () => {
  await using stack = new AsyncDisposableStack();
  const scripts = stack.use(await makeStandInScripts());
  const host = stack.use(await startRemoteHost());
  const harness = stack.use(await ConnectorHarness.create());
  const connection = await harness.connect(definitionFor(host, 'root', keyFile(host.clientKeyPath)));
  const engine = await factoryForTests(undefined, scripts.folder).open((signal) =>
    connection.openEngineStream(signal),
  );
  const counting = await engine.runHelper(spec(['count']));
  let text = '';
  counting.onOutput((bytes) => (text += Buffer.from(bytes).toString()));
  let go = () => {};
  counting.onDrain(() => go());
  for (let sent = 0; sent < 200; sent++)
    if (!counting.write(Buffer.alloc(100_000))) await new Promise<void>((resolve) => (go = resolve));
  counting.endInput();
  expect(await new Promise((resolve) => counting.onEnd(resolve))).toEqual({ exitCode: 0 });
  expect(text).toBe('{"total": 20000000}\n');

  const bytes = await engine.runHelper(spec(['bytes', '30']));
  let size = 0;
  bytes.onOutput((chunk) => {
    size += chunk.length;
    bytes.pause();
    setImmediate(() => bytes.resume());
  });
  expect(await new Promise((resolve) => bytes.onEnd(resolve))).toEqual({ exitCode: 0 });
  expect(size).toBe(30 * 1024 * 1024);

  const process = await engine.runHelper(spec(['echo']));
  const ended = new Promise((resolve) => process.onEnd(resolve));
  await new Promise<void>((resolve) => process.onOutput(() => resolve()));
  await host.killSshSessions('reset');
  expect(await ended).toMatchObject({ exitCode: null, error: { code: 'connection-lost' } });
  await waitUntil(async () => (await host.docker('ps', '-aq')) === '', { what: 'none is left' });
});
