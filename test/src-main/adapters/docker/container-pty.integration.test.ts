/** Terminals and commands in containers of a real engine: bytes, sizes, ends, back-pressure, and nothing left behind. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ContainerEngine, ContainerPtySpec } from '#main/control-plane/interfaces/container-engine.ts';
import type { Pty } from '#main/control-plane/interfaces/host-connection.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { BUSYBOX, DEBIAN, type EngineOnHost, startEngineOnHost } from './engine-fixture.ts';

let on: EngineOnHost;
let engine: ContainerEngine;
const workspaces: Record<string, string> = {};
beforeAll(async () => {
  on = await startEngineOnHost();
  engine = on.engine;
  for (const image of [BUSYBOX, DEBIAN])
    workspaces[image] = (
      await on.startWorkspace({ image, limits: { cpus: 2, memoryBytes: 256 * 1024 * 1024, pids: 256 } })
    ).id;
});
afterAll(async () => {
  await on?.[Symbol.asyncDispose]();
});

afterEach(async () => {
  for (const id of Object.values(workspaces)) await engine.sweepTerminals(id, await engine.listTerminals(id));
});

interface Opened {
  readonly pty: Pty;
  readonly id: string;
  readonly output: () => string;
  readonly ended: Promise<{ exitCode: number | null; error?: unknown }>;
  readonly type: (text: string) => void;
}

let terminals = 0;
async function open(image: string, over: Partial<ContainerPtySpec> = {}, by = engine): Promise<Opened> {
  const id = `term_${String(++terminals).padStart(20, '0')}`;
  const pty = await by.openPty({
    containerId: workspaces[image]!,
    cols: 100,
    rows: 30,
    term: 'xterm-256color',
    shells: ['/bin/zsh', '/bin/bash', '/bin/sh'],
    terminalId: id,
    ...over,
  });
  let text = '';
  pty.onData((bytes) => {
    text += Buffer.from(bytes).toString();
  });
  const ended = new Promise<{ exitCode: number | null; error?: unknown }>((resolve) => pty.onEnd(resolve));
  return { pty, id, output: () => text, ended, type: (input) => pty.write(Buffer.from(input)) };
}

const shows = (terminal: Opened, pattern: RegExp) =>
  waitUntil(() => pattern.test(terminal.output()) || undefined, {
    what: `the terminal shows ${pattern}`,
  }).catch((error: unknown) => {
    throw new Error(JSON.stringify(terminal.output()), { cause: error });
  });

/** Programs in the workspace, without what is always there. */
async function processes(image: string): Promise<string[]> {
  const argv = image === BUSYBOX ? (['ps', '-o', 'args'] as const) : (['ps', '-eo', 'args'] as const);
  const { stdout } = await engine.exec({ containerId: workspaces[image]!, argv: [...argv] });
  return stdout.split('\n').filter((line) => /sleep \d+|yes|cat \/dev/.test(line) && !line.includes('86400'));
}

describe.each([BUSYBOX, DEBIAN])('terminals in %s', (image) => {
  test('size, type, environment and user are what was asked for; the shell is the first that exists', async () => {
    const terminal = await open(image, { env: { GREETING: "it's $HOME `x`" }, workingFolder: '/data/work' });
    terminal.type('echo "[$TERM|$GREETING|$BERTH_TERMINAL_ID|$0|$(pwd)|$(stty size)|$(id -u)]"\n');
    const shell = image === BUSYBOX ? '/bin/sh' : '/bin/bash';
    await shows(terminal, /\]\r\n/);
    expect(terminal.output()).toContain(
      `[xterm-256color|it's $HOME \`x\`|${terminal.id}|${shell}|/data/work|30 100|1000]`,
    );
    expect(terminal.output()).not.toContain('\0');
    terminal.pty.resize({ cols: 60, rows: 10 });
    terminal.pty.resize({ cols: 61, rows: 11 });
    terminal.pty.resize({ cols: 132, rows: 43 });
    await waitUntil(
      () => {
        terminal.type('stty size\n');
        return terminal.output().includes('43 132\r\n');
      },
      { what: 'the last size arrives', intervalMs: 100 },
    );
    await terminal.pty.kill();
  });

  test('output comes before the exit, and the exit code is the shell’s', async () => {
    const terminal = await open(image);
    terminal.type("i=0; while [ $i -lt 2000 ]; do echo line-$i; i=$((i+1)); done; echo the-''end; exit 42\n");
    let sawEnd = false;
    void terminal.ended.then(() => {
      sawEnd = terminal.output().includes('the-end');
    });
    expect(await terminal.ended).toEqual({ exitCode: 42 });
    expect(sawEnd).toBe(true);
    for (let line = 0; line < 2000; line++) expect(terminal.output()).toContain(`line-${line}\r\n`);
  });

  test('kill ends all that the terminal started, in whatever session, and nothing of its neighbour', async () => {
    const victim = await open(image);
    const neighbour = await open(image);
    neighbour.type('sleep 5001 & echo neighbour-""ready\n');
    victim.type(
      // In its job, in the background, deaf to SIGHUP, in a session of its own, stopped, and as an orphan in a new session.
      "sleep 6001 & (trap '' HUP; exec sleep 6002) & setsid sleep 6003 & (trap '' HUP TERM; sleep 6004) & (setsid sh -c 'trap \"\" HUP; sleep 6005 & sleep 6006' &) ; sleep 6007 & until grep -q 6007 /proc/$!/cmdline; do :; done; kill -STOP $!; sleep 6008\n",
    );
    await waitUntil(
      async () =>
        (await processes(image)).filter((line) => /^\{?\S*\}? ?sleep 600/.test(line.trim())).length >= 8,
      {
        what: 'all eight run',
      },
    );
    await shows(neighbour, /neighbour-ready\r\n/);
    expect(await engine.listTerminals(workspaces[image]!)).toEqual(
      expect.arrayContaining([victim.id, neighbour.id]),
    );
    await victim.pty.kill();
    expect((await victim.ended).error).toBeUndefined();
    const left = await processes(image);
    expect(left.filter((line) => line.includes('sleep 600'))).toEqual([]);
    expect(left.filter((line) => line.includes('sleep 5001'))).toHaveLength(1);
    expect(await engine.listTerminals(workspaces[image]!)).toEqual([neighbour.id]);
    await neighbour.pty.kill();
    expect(await processes(image)).toEqual([]);
  });

  test('ten dropped terminals: found by their ids, swept, none left', async () => {
    const another = await on.openAnother();
    const dropped = await Promise.all(Array.from({ length: 10 }, () => open(image, {}, another)));
    for (const terminal of dropped) terminal.type('sleep 7000 & sleep 7001\n');
    await waitUntil(
      async () => (await processes(image)).filter((line) => line.includes('sleep 700')).length >= 20,
      {
        what: 'twenty processes run',
      },
    );
    another.close();
    for (const { exitCode, error } of await Promise.all(dropped.map(({ ended }) => ended))) {
      expect(exitCode).toBeNull();
      expect(error).toMatchObject({ code: 'connection-lost' });
    }
    // The engine lets them run: that is the leak.
    const ids = dropped.map(({ id }) => id).sort();
    expect((await engine.listTerminals(workspaces[image]!)).sort()).toEqual(ids);
    expect(await engine.sweepTerminals(workspaces[image]!, ids)).toBeGreaterThanOrEqual(30);
    expect(await engine.listTerminals(workspaces[image]!)).toEqual([]);
    expect(await processes(image)).toEqual([]);
  });
});

describe('back-pressure and ends', () => {
  test('a paused terminal stops the program, loses nothing and goes on', async () => {
    const terminal = await open(DEBIAN);
    await shows(terminal, /\$ /);
    terminal.pty.pause();
    terminal.type("seq 1 400000; echo the-''end\n");
    // `seq` cannot end while nobody reads: the pipe, the engine and the socket hold far less than its 2.7 MB.
    await waitUntil(
      async () =>
        (await engine.exec({ containerId: workspaces[DEBIAN]!, argv: ['pgrep', '-x', 'seq'] })).exitCode ===
        0,
      { what: 'seq runs' },
    );
    const atPause = terminal.output().length;
    const cpuTicks = async () =>
      (
        await engine.exec({
          containerId: workspaces[DEBIAN]!,
          argv: ['sh', '-c', 'cat /proc/$(pgrep -x seq)/stat'],
        })
      ).stdout;
    let last = await cpuTicks();
    await waitUntil(
      async () => {
        const now = await cpuTicks();
        const stands = now === last && / seq\) S|\(seq\) S/.test(now);
        last = now;
        return stands;
      },
      { what: 'seq waits', intervalMs: 200 },
    );
    expect(terminal.output().length).toBe(atPause);
    terminal.pty.resume();
    await shows(terminal, /the-end\r\n/);
    const numbers = [...terminal.output().matchAll(/^(\d+)\r$/gm)].map((match) => Number(match[1]));
    expect(numbers).toHaveLength(400_000);
    expect(numbers.at(-1)).toBe(400_000);
    await terminal.pty.kill();
  });

  test('a paused terminal whose shell ends loses nothing, and tells its end after the last byte', async () => {
    const terminal = await open(DEBIAN);
    await shows(terminal, /\$ /);
    terminal.type('seq 1 8000; exit 5\n');
    terminal.pty.pause();
    let hasEnded = false;
    void terminal.ended.then(() => {
      hasEnded = true;
    });
    const argv: [string, ...string[]] = ['sh', '-c', 'ps -e | grep -c bash'];
    await waitUntil(
      async () => (await engine.exec({ containerId: workspaces[DEBIAN]!, argv })).stdout.trim() === '1',
      { what: 'the shell has ended' },
    );
    expect(hasEnded).toBe(false);
    terminal.pty.resume();
    expect(await terminal.ended).toEqual({ exitCode: 5 });
    expect([...terminal.output().matchAll(/^(\d+)\r$/gm)].map((match) => Number(match[1]))).toEqual(
      Array.from({ length: 8000 }, (_none, index) => index + 1),
    );
  });

  test('a paused terminal whose program died with its pipes full holds up nothing in its container', async () => {
    const terminal = await open(DEBIAN);
    await shows(terminal, /\$ /);
    terminal.pty.pause();
    terminal.type('exec yes\n');
    const run = (...argv: [string, ...string[]]) => engine.exec({ containerId: workspaces[DEBIAN]!, argv });
    await waitUntil(async () => (await run('pgrep', '-x', 'yes')).exitCode === 0, { what: 'yes runs' });
    const ticks = async () => (await run('sh', '-c', 'cat /proc/$(pgrep -x yes)/stat')).stdout;
    let last = await ticks();
    await waitUntil(
      async () => {
        const now = await ticks();
        const stands = now === last;
        last = now;
        return stands;
      },
      { what: 'the pipes are full', intervalMs: 200 },
    );
    await run('pkill', '-KILL', '-x', 'yes');
    expect(await run('echo', 'fine')).toMatchObject({ stdout: 'fine\n', exitCode: 0 });
    terminal.pty.resume();
    expect(await terminal.ended).toEqual({ exitCode: 137 });
  });

  test('Ctrl+C reaches a flooding program, Ctrl+P is not swallowed', async () => {
    const terminal = await open(DEBIAN);
    terminal.type('yes flood\n');
    await shows(terminal, /(flood\r\n){100}/);
    terminal.type('\x03');
    terminal.type('echo afterwards-$?\n');
    await shows(terminal, /afterwards-130/);
    terminal.type('\x10\x10');
    await shows(terminal, /yes flood$/);
    await terminal.pty.kill();
  });

  test('kill while the reader is paused', async () => {
    const terminal = await open(DEBIAN);
    terminal.pty.pause();
    terminal.type('yes\n');
    await waitUntil(
      async () =>
        (await engine.exec({ containerId: workspaces[DEBIAN]!, argv: ['pgrep', '-x', 'yes'] })).exitCode ===
        0,
      { what: 'yes runs' },
    );
    await terminal.pty.kill();
    expect((await terminal.ended).error).toBeUndefined();
    expect(await engine.listTerminals(workspaces[DEBIAN]!)).toEqual([]);
  });

  test('no shell of the list exists', async () => {
    await expect(
      open(DEBIAN, { shells: ['/bin/zsh', 'fish', '-c', '/etc/passwd', '/tmp'] }),
    ).rejects.toMatchObject({
      code: 'terminal.open-failed',
      message: expect.stringContaining('none of these shells'),
    });
  });

  test('the folder does not exist', async () => {
    await expect(open(DEBIAN, { workingFolder: '/no/such/folder' })).rejects.toMatchObject({
      code: 'terminal.open-failed',
    });
  });

  test('a hostile id is refused', async () => {
    await expect(open(DEBIAN, { terminalId: "x'; touch /tmp/owned; '" })).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });

  test('a container that does not run', async () => {
    const { id } = await on.makeWorkspace();
    await expect(open(BUSYBOX, { containerId: id })).rejects.toMatchObject({ code: 'workspace.not-running' });
    expect(await engine.listTerminals(id)).toEqual([]);
    expect(await engine.sweepTerminals(id, ['term_x'])).toBe(0);
    await expect(open(BUSYBOX, { containerId: 'no-such-container' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('cancelled while it opens: nothing stays', async () => {
    const cancel = new AbortController();
    const opening = open(DEBIAN, { signal: cancel.signal });
    cancel.abort();
    await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
    expect(await engine.listTerminals(workspaces[DEBIAN]!)).toEqual([]);
  });

  test('the container stops under the terminal', async () => {
    const { id } = await on.startWorkspace({ image: DEBIAN });
    const terminal = await open(DEBIAN, { containerId: id });
    await engine.stopContainer(id, 5);
    const end = await terminal.ended;
    expect(end.error).toBeUndefined();
    await terminal.pty.kill();
  });
});

describe('commands', () => {
  const run = (argv: [string, ...string[]], over = {}) =>
    engine.exec({ containerId: workspaces[DEBIAN]!, argv, ...over });

  test('output, error, code, environment, folder, user, input', async () => {
    const result = await run(['sh', '-c', 'cat; echo "$A" >&2; pwd; id -u; exit 3'], {
      input: 'from here\n',
      env: { A: 'b c' },
      workingFolder: '/tmp',
      user: '1234',
    });
    expect(result).toEqual({ stdout: 'from here\n/tmp\n1234\n', stderr: 'b c\n', exitCode: 3 });
  });
  test('megabytes of input come back whole', async () => {
    const input = 'x'.repeat(3_000_000);
    const { stdout } = await run(['cat'], { input, maxOutputBytes: 4_000_000 });
    expect(stdout).toBe(input);
  });
  test('more output than wanted is dropped, the command ends all the same', async () => {
    const { stdout, exitCode } = await run(['sh', '-c', 'head -c 5000000 /dev/zero | tr "\\0" a; exit 4'], {
      maxOutputBytes: 1000,
    });
    expect({ length: stdout.length, exitCode }).toEqual({ length: 1000, exitCode: 4 });
  });
  test('late: it is ended in the container', async () => {
    await expect(run(['sh', '-c', 'sleep 8001 & sleep 8002'], { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'timed-out',
    });
    expect(await processes(DEBIAN)).toEqual([]);
  });
  test('cancelled: it is ended in the container', async () => {
    const cancel = new AbortController();
    const running = run(['sleep', '8003'], { signal: cancel.signal });
    await waitUntil(async () => (await processes(DEBIAN)).length === 1, { what: 'it runs' });
    cancel.abort();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(await processes(DEBIAN)).toEqual([]);
  });
  test('a program that is not there', async () => {
    const { exitCode, stdout } = await run(['/no/such/program']);
    expect([126, 127]).toContain(exitCode);
    expect(stdout).toContain('no such file');
  });
});
