/** Into a running workspace on a real host: commands, files and ports, as a client of the plane has them. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ByteFrame, ByteFrameReader, encodeByteFrame } from '#contract/framed-bytes.ts';
import type { InputOf } from '#contract/index.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { ByteStream } from '#renderer/transport/client.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage, workspaceImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

let remote: RemoteHost;
let plane: TestPlane;
/** BusyBox, with its own tar. */
let workspace: Workspace;
/** Debian, with GNU's, and with Perl to write servers in. */
let debian: Workspace;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  await loadImage(remote, await workspaceImage());
  plane = await startPlane();
  const host = await plane.addHost(remote);
  const project = await plane.createProject('berth-busybox:test', {
    limits: { cpus: null, memoryBytes: null, pids: 256 },
    environment: [{ name: 'FROM_PROJECT', value: 'p' }],
  });
  workspace = await plane.createWorkspace({ host, project, name: 'api' });
  const larger = await plane.createProject('berth-workspace:test', {
    limits: { cpus: null, memoryBytes: null, pids: 256 },
  });
  debian = await plane.createWorkspace({ host, project: larger, name: 'web' });
}, 120_000);
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
});

/** What came down, and a hand on what goes up. */
function framed(stream: ByteStream, hold = false) {
  const frames: ByteFrame[] = [];
  const held: (() => void)[] = [];
  let isHolding = hold;
  let receivedBytes = 0;
  const reader = new ByteFrameReader(['output', 'errorOutput', 'outputEnd', 'exit'], (frame) =>
    frames.push('bytes' in frame ? { ...frame, bytes: frame.bytes.slice() } : frame),
  );
  stream.onBytes((bytes, done) => {
    receivedBytes += bytes.byteLength;
    reader.push(bytes);
    if (isHolding) held.push(done);
    else done();
  });
  const of = (kind: 'output' | 'errorOutput') =>
    Buffer.concat(frames.flatMap((frame) => (frame.kind === kind ? [frame.bytes] : [])));
  return {
    stream,
    frames,
    send: (frame: ByteFrame) => stream.send(encodeByteFrame(frame)),
    input: (text: string | Uint8Array) =>
      stream.send(encodeByteFrame({ kind: 'input', bytes: Buffer.from(text) })),
    output: () => of('output'),
    errorOutput: () => of('errorOutput'),
    exitCode: () => frames.flatMap((frame) => (frame.kind === 'exit' ? [frame.exitCode] : []))[0],
    receivedBytes: () => receivedBytes,
    goOn: () => {
      isHolding = false;
      for (const done of held.splice(0)) done();
    },
  };
}

function begin(argv: [string, ...string[]], over: Partial<InputOf<'workspaces.exec'>> = {}) {
  return framed(plane.client.bytes('workspaces.exec', { id: workspace.id, argv, ...over }));
}
async function run(argv: [string, ...string[]], over: Partial<InputOf<'workspaces.exec'>> = {}) {
  const running = begin(argv, over);
  await running.stream.ended;
  return {
    output: running.output().toString(),
    errorOutput: running.errorOutput().toString(),
    exitCode: running.exitCode(),
  };
}
const inside = (script: string) => remote.docker('exec', workspace.containerId ?? '', 'sh', '-c', script);
const isRunning = async (words: string) =>
  (await remote.docker('top', workspace.containerId ?? '', '-eo', 'pid,args')).includes(words);

describe('a command', () => {
  it('keeps its outputs apart and its words whole, and its exit code is told', async () => {
    const words = `$(id) "a' b\n\ttail`;
    expect(await run(['sh', '-c', 'printf %s "$1"; echo oh >&2; exit 7', 'sh', words])).toEqual({
      output: words,
      errorOutput: 'oh\n',
      exitCode: 7,
    });
    expect((await run(['true'])).exitCode).toBe(0);
    expect((await run(['there-is-no-such-program'])).exitCode).toBeOneOf([126, 127]);
  });

  it('has the folder, the variables and the user that were asked for', async () => {
    const show = ['sh', '-c', 'pwd; id -u; echo "$A$FROM_PROJECT"'] as [string, ...string[]];
    expect((await run(show)).output).toBe('/home/dev\n1000\np\n');
    const asked = { user: '0', workingFolder: '/etc', environment: [{ name: 'A', value: 'x y' }] };
    expect((await run(show, asked)).output).toBe('/etc\n0\nx yp\n');
    expect((await run(['pwd'], { workingFolder: '.' })).output).toBe('/home/dev\n');
  });

  it('carries ten megabytes of anything both ways unchanged', async () => {
    const bytes = randomBytes(10_000_000);
    const cat = begin(['cat'], { hasInput: true });
    await cat.stream.opened;
    for (let offset = 0; offset < bytes.byteLength; offset += 50_000) {
      cat.input(bytes.subarray(offset, offset + 50_000));
      await cat.stream.whenSent();
    }
    cat.send({ kind: 'inputEnd' });
    await cat.stream.ended;
    expect(cat.exitCode()).toBe(0);
    expect(createHash('sha256').update(cat.output()).digest('hex')).toBe(
      createHash('sha256').update(bytes).digest('hex'),
    );
  }, 60_000);

  it('is held up by a reader that does not read', async () => {
    const flood = framed(
      plane.client.bytes('workspaces.exec', {
        id: workspace.id,
        argv: ['sh', '-c', 'head -c 20000000 /dev/zero; echo done >/tmp/flood'],
      }),
      true,
    );
    await waitUntil(() => flood.receivedBytes() >= 262_144, { what: 'the credit is used up' });
    expect(await inside('cat /tmp/flood 2>/dev/null || echo not yet')).toBe('not yet\n');
    flood.goOn();
    await flood.stream.ended;
    expect(flood.output()).toHaveLength(20_000_000);
  }, 60_000);

  it('gets signals, as another user too', async () => {
    const script = 'trap "echo caught; exit 3" USR1; echo ready; while :; do sleep 0.1; done';
    for (const user of [null, '0']) {
      const waiting = begin(['sh', '-c', script], { user });
      await waitUntil(() => waiting.output().includes('ready'), { what: 'it is ready' });
      waiting.send({ kind: 'signal', name: 'USR1' });
      await waiting.stream.ended;
      expect([waiting.output().toString(), waiting.exitCode()]).toEqual(['ready\ncaught\n', 3]);
    }
  });

  it('has a terminal of the right size, and follows its changes', async () => {
    const terminal = { size: { cols: 91, rows: 33 }, term: 'vt100' };
    // An engine before Docker 23 gives the size when the program runs already.
    const until = (size: string) =>
      `until [ "$(stty size)" = "${size}" ]; do sleep 0.1; done; echo is ${size};`;
    const shell = begin(['sh', '-c', `${until('33 91')} ${until('20 70')} read x; echo "$TERM $x"; exit 5`], {
      terminal,
      hasInput: true,
    });
    await waitUntil(() => shell.output().includes('is 33 91'), { what: 'its size' });
    shell.send({ kind: 'resize', size: { cols: 70, rows: 20 } });
    await waitUntil(() => shell.output().includes('is 20 70'), { what: 'its new size' });
    shell.input('typed\r');
    await shell.stream.ended;
    expect(shell.output().toString()).toContain('vt100 typed\r\n');
    expect(shell.exitCode()).toBe(5);
  });

  it.each([null, '0'])('ends with its stream, with all that it started (user %s)', async (user) => {
    const long = begin(['sh', '-c', 'setsid sleep 4242 & sleep 4243'], { user });
    await waitUntil(() => isRunning('sleep 4243'), { what: 'it runs' });
    long.stream.close();
    await waitUntil(async () => !(await isRunning('sleep 424')), { what: 'nothing of it runs' });
  });

  it('ends when its host is back, where the way there was cut meanwhile', async () => {
    const long = begin(['sleep', '4260'], { hasInput: true });
    await waitUntil(() => isRunning('sleep 4260'), { what: 'it runs' });
    await remote.killSshSessions('kill');
    await expect(long.stream.ended).rejects.toMatchObject({ code: 'connection-lost' });
    await plane.hostReady(workspace.hostId);
    await waitUntil(async () => !(await isRunning('sleep 4260')), { what: 'it ended' });
    await plane.workspaceIn(workspace.id, 'running');
    await plane.workspaceIn(debian.id, 'running');
  }, 60_000);

  it('refuses what is no frame, and ends what it began', async () => {
    const odd = begin(['sleep', '4250'], { hasInput: true });
    await waitUntil(() => isRunning('sleep 4250'), { what: 'it runs' });
    odd.stream.send(Uint8Array.of(99, 0, 0, 0, 0));
    await expect(odd.stream.ended).rejects.toMatchObject({ code: 'invalid-input' });
    await waitUntil(async () => !(await isRunning('sleep 4250')), { what: 'it ended' });
  });
});

async function readTree(path: string) {
  const stream = plane.client.bytes('workspaces.readTree', { id: workspace.id, path });
  const chunks: Uint8Array[] = [];
  stream.onBytes((bytes, done) => {
    chunks.push(bytes.slice());
    done();
  });
  await stream.ended;
  return Buffer.concat(chunks);
}
async function writeTree(path: string, archive: Uint8Array) {
  const { stream, input, send } = framed(
    plane.client.bytes('workspaces.writeTree', { id: workspace.id, path }),
  );
  input(archive);
  send({ kind: 'inputEnd' });
  await stream.ended;
}

describe('files', () => {
  it('come out as an archive and go in as one', async () => {
    await run(['sh', '-c', 'mkdir -p a/b to; echo one >a/b/f; chmod 640 a/b/f; ln -s b/f a/l']);
    const archive = await readTree('a');
    await writeTree('to', archive);
    expect(
      (await run(['sh', '-c', 'cd to; find a | sort; cat a/b/f; stat -c %a a/b/f; readlink a/l'])).output,
    ).toBe('a\na/b\na/b/f\na/l\none\n640\nb/f\n');
    expect((await readTree('/home/dev/a/')).equals(archive)).toBe(true);
  });

  it('says what is at a path', async () => {
    const kindOf = async (path: string) =>
      (await plane.client.call('workspaces.pathKind', { id: workspace.id, path })).kind;
    expect([await kindOf('a'), await kindOf('a/b/f'), await kindOf('a/l'), await kindOf('none')]).toEqual([
      'folder',
      'other',
      'other',
      'missing',
    ]);
  });

  it('says why it cannot: nothing there, no right, no tar', async () => {
    await expect(readTree('nothing-here')).rejects.toMatchObject({
      code: 'workspace.command-failed',
      message: expect.stringContaining('nothing-here'),
    });
    await expect(readTree('--help')).rejects.toMatchObject({ code: 'workspace.command-failed' });
    await expect(writeTree('/', Buffer.from(await readTree('a')))).rejects.toMatchObject({
      code: 'workspace.command-failed',
    });
    await remote.docker('exec', '-u', '0', workspace.containerId ?? '', 'mv', '/bin/tar', '/bin/tar-away');
    await expect(readTree('a')).rejects.toMatchObject({ message: expect.stringContaining('has no tar') });
    await remote.docker('exec', '-u', '0', workspace.containerId ?? '', 'mv', '/bin/tar-away', '/bin/tar');
  });
});

function dial(port: number, hold = false) {
  return framed(plane.client.bytes('workspaces.dial', { id: debian.id, port }), hold);
}
const serverProgram = `
  use IO::Socket::INET;
  $SIG{CHLD} = "IGNORE";
  my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => shift, Listen => 100, ReuseAddr => 1);
  print "listens\\n"; $| = 1; print "";
  while (my $client = $server->accept) {
    if (fork) { close $client; next }
    open STDIN, "<&", $client; open STDOUT, ">&", $client;
    exec @ARGV;
  }`;
/** A server on the loopback alone, once it listens; it ends with the command. */
async function serving(port: number, ...program: string[]) {
  const server = begin(['perl', '-e', serverProgram, String(port), ...program], { id: debian.id });
  await waitUntil(() => server.output().includes('listens'), { what: 'it listens' });
  return server;
}

describe('a port', () => {
  it('is reached on the loopback, many times at once, each with both its ends', async () => {
    const server = await serving(8001, 'sha256sum');
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const bytes = randomBytes(30_000 + index);
        const connection = dial(8001);
        connection.input(bytes);
        // The server answers only at the end of its input.
        connection.send({ kind: 'inputEnd' });
        await connection.stream.ended;
        return [
          connection.output().toString().slice(0, 64),
          createHash('sha256').update(bytes).digest('hex'),
        ];
      }),
    );
    for (const [told, real] of answers) expect(told).toBe(real);
    server.stream.close();
  }, 60_000);

  it('carries much, at the pace of the reader, and holds up nobody else', async () => {
    const server = await serving(8002, 'head', '-c', '5000000', '/dev/zero');
    const slow = dial(8002, true);
    await waitUntil(() => slow.receivedBytes() >= 262_144, { what: 'the slow one has used its credit' });
    const fast = dial(8002);
    fast.send({ kind: 'inputEnd' });
    await fast.stream.ended;
    expect(fast.output()).toHaveLength(5_000_000);
    expect(slow.receivedBytes()).toBeLessThan(1_000_000);
    slow.send({ kind: 'inputEnd' });
    slow.goOn();
    await slow.stream.ended;
    expect(slow.output()).toHaveLength(5_000_000);
    server.stream.close();
  }, 60_000);

  it('says when nobody listens', async () => {
    await expect(dial(9).stream.ended).rejects.toMatchObject({
      code: 'workspace.port-refused',
      message: expect.stringContaining('port 9'),
    });
  });

  it('is reached again after a restart of the workspace', async () => {
    await (await serving(8003, 'echo', 'first')).stream.opened;
    const before = dial(8003);
    await waitUntil(() => before.output().toString() === 'first\n', { what: 'the first answer' });
    const operation = await plane.client.call('workspaces.restart', { id: debian.id });
    await plane.succeeded(operation.id);
    await plane.workspaceIn(debian.id, 'running');
    await serving(8003, 'echo', 'second');
    const after = dial(8003);
    await waitUntil(() => after.output().toString() === 'second\n', { what: 'the second answer' });
    after.stream.close();
  }, 60_000);
});

it('tells a workspace that does not run from everything else', async () => {
  await plane.succeeded((await plane.client.call('workspaces.stop', { id: workspace.id })).id);
  await plane.workspaceIn(workspace.id, 'stopped');
  for (const stream of [
    begin(['true']).stream,
    plane.client.bytes('workspaces.dial', { id: workspace.id, port: 1 }),
  ])
    await expect(stream.ended).rejects.toMatchObject({ code: 'workspace.not-running' });
  await expect(readTree('a')).rejects.toMatchObject({ code: 'workspace.not-running' });
}, 60_000);
