/**
 * Terminals that outlive their connection, on a real host with a real tmux: whatever happens to the way there, a program
 * that counts shows that no line is lost and none comes twice, and what was on the screen is on it again.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { Terminal, TerminalState, TerminalTarget } from '#contract/terminals.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { type AttachedTerminal, startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { loadImage, workspaceImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

let remote: RemoteHost;
let folder: string;
let plane: TestPlane;
let host: Host;
let workspace: Workspace;
const log: string[] = [];
const start = () => startPlane({ folder, onLogLine: (line) => log.push(line) });

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await workspaceImage());
  folder = await mkdtemp(join(tmpdir(), 'berth-survival-'));
  plane = await start();
  host = await plane.addHost(remote);
  const project = await plane.createProject('berth-workspace:test', {
    limits: { cpus: null, memoryBytes: null, pids: 512 },
  });
  workspace = await plane.createWorkspace({ host, project, name: 'api' });
});
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
  await rm(folder, { recursive: true, force: true });
});

const inWorkspace = (): TerminalTarget => ({ kind: 'workspace', workspaceId: workspace.id });
const onHost = (): TerminalTarget => ({ kind: 'host', hostId: host.id });

async function open(target: TerminalTarget) {
  const terminal = await plane.client.call('terminals.open', {
    target,
    size: { cols: 100, rows: 30 },
    name: null,
  });
  const shell = plane.attach(terminal.id);
  await shell.shows(/[$#] /);
  return { terminal, shell };
}
const close = (terminal: Terminal) => plane.client.call('terminals.close', { id: terminal.id });
const terminalIs = (id: string, find: (state: TerminalState, terminal: Terminal) => boolean) =>
  plane.until('terminals.watch', {}, (all) => all.find((one) => one.id === id && find(one.state, one)));
const isBack = (id: string) =>
  terminalIs(id, (state) => state.phase === 'live' && state.reattachedAt !== null).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${log.slice(-40).join('\n')}`);
  });

/**
 * Counts to `last`, `perSecond` lines a second or as fast as it goes, then says done. Waits by a read of what says nothing:
 * hundreds of processes that sleep would be a test of forks.
 */
const counter = (last: number, perSecond?: number) =>
  perSecond === undefined
    ? `clear; seq -f 'line %.0f.' 1 ${last}; echo do''ne\n`
    : `clear; exec 9<> <(:); for i in $(seq 1 ${last}); do echo "line $i."; read -t ${1 / perSecond} -u 9; done; echo do''ne\n`;

/** Every number from 1 to `last` once and in order, however the stream came. */
function expectWhole(text: string, last: number): void {
  const numbers = [...text.matchAll(/line (\d+)\.\r?\n/g)].map(([, number]) => Number(number));
  const wrong = numbers.findIndex((number, index) => number !== index + 1);
  expect({ wrong, around: numbers.slice(Math.max(0, wrong - 2), wrong + 3) }).toEqual({
    wrong: -1,
    around: numbers.slice(0, 2),
  });
  expect(numbers).toHaveLength(last);
}

/** Waits in the stream itself, which keeps only its end. */
async function countsTo(shell: AttachedTerminal, number: number): Promise<void> {
  await vi.waitFor(() => expect(shell.text).toMatch(new RegExp(`line ${number}\\.`)), {
    timeout: 60_000,
    interval: 20,
  });
}

const faults: readonly [string, () => Promise<void>][] = [
  ['its connection is reset', () => remote.killSshSessions('reset')],
  ['the sessions of sshd are killed', () => remote.killSshSessions('kill')],
  [
    'sshd is restarted',
    async () => {
      await remote.restartSshd();
      await remote.killSshSessions('reset');
    },
  ],
  [
    'packets vanish for a while',
    async () => {
      await remote.blackhole();
      await plane.client.call('hosts.wake', { reason: 'online' });
      await plane.until('terminals.watch', {}, (all) => all.find(({ state }) => state.phase === 'lost'));
      await remote.heal();
      await plane.client.call('hosts.wake', { reason: 'online' });
    },
  ],
];

describe.each([
  ['on the host', onHost],
  ['in a workspace', inWorkspace],
])('a terminal %s', (_where, target) => {
  it('runs under tmux and says how to join it', async () => {
    const { terminal } = await open(target());
    expect(terminal).toMatchObject({ lifetime: 'multiplexer', lifetimeNote: null });
    const command = `${terminal.attachCommand?.replace('attach', 'has-session')}`;
    expect((await remote.run(['sh', '-c', command])).exitCode).toBe(0);
    await close(terminal);
    expect((await remote.run(['sh', '-c', command])).exitCode).not.toBe(0);
  });

  it('has typed behind its prompt what was asked for, and did not send it', async () => {
    const typed = 'echo ran-$((40+2))';
    const terminal = await plane.client.call('terminals.open', {
      target: target(),
      size: { cols: 100, rows: 30 },
      name: null,
      typed,
    });
    const shell = plane.attach(terminal.id);
    await shell.shows(typed);
    // The shell has read it and runs nothing of it: what is typed after it stands in the same line.
    shell.type('-more');
    await shell.shows(/-more$/);
    expect(shell.text).not.toContain('ran-42');
    shell.type('\n');
    await shell.shows('ran-42-more');
    await close(terminal);
  });
});

/** What happens to the way there happens to both. */
describe('terminals on the host and in a workspace', () => {
  const openBoth = () => Promise.all([onHost(), inWorkspace()].map((target) => open(target)));
  type Opened = Awaited<ReturnType<typeof openBoth>>;
  const ofBoth = (all: Opened, work: (one: Opened[number]) => Promise<unknown>) => Promise.all(all.map(work));

  it.each(faults)('lose no line and double none when %s', async (_what, fault) => {
    const both = await openBoth();
    await ofBoth(both, async ({ shell }) => {
      shell.type(counter(400, 100));
      await countsTo(shell, 50);
    });
    await fault();
    await ofBoth(both, async ({ terminal, shell }) => {
      await isBack(terminal.id);
      await shell.shows('done\r\n', { timeoutMs: 60_000 });
      expectWhole(shell.text, 400);
      shell.type('echo typed-$((40+2))\n');
      await shell.shows('typed-42');
      await close(terminal);
    });
  });

  it('lose no line in a flood', async () => {
    const both = await openBoth();
    await ofBoth(both, async ({ shell }) => {
      shell.type(counter(60_000));
      await countsTo(shell, 5_000);
    });
    await remote.killSshSessions('reset');
    await ofBoth(both, async ({ terminal, shell }) => {
      await isBack(terminal.id);
      await shell.shows('done\r\n', { timeoutMs: 60_000 });
      expectWhole(shell.text, 60_000);
      await close(terminal);
    });
  });

  it('are back after Berth was killed and started again, with screen, scrollback and modes', async () => {
    const both = await openBoth();
    await ofBoth(both, async ({ shell }) => {
      shell.type(counter(2_000));
      await shell.shows('done\r\n');
      shell.type("printf '\\033]0;my title\\007\\033[?1h\\033[31mred\\033[0m'; sleep 3; echo later\n");
      await shell.shows('red');
    });
    await plane.close();
    plane = await start();
    await plane.hostReady(host.id);
    await ofBoth(both, async ({ terminal }) => {
      await isBack(terminal.id);
      const again = plane.attach(terminal.id);
      await again.shows('later');
      expectWhole(again.text, 2_000);
      expect(again.text).toContain('red');
      // Application cursor keys and bracketed paste; the title is the terminal's.
      expect(again.text).toMatch(/\x1b\[\?1h/);
      again.type('echo typed-$((40+3))\n');
      await again.shows('typed-43');
      await close(terminal);
    });
    await plane.workspaceIn(workspace.id, 'running');
  });
});

describe('a reader that is slower than its program', () => {
  /** Nearly a hundred bytes a line, so that so many megabytes are not millions of lines: tmux scrolls its screen for each. */
  const flood = (last: number) => `clear; seq -f '${'~'.repeat(80)} line %.0f.' 1 ${last}; echo do''ne\n`;
  /** Follows the numbers as they come, for floods that no test keeps whole. */
  function follow(terminal: Terminal) {
    const stream = plane.client.bytes('terminals.attach', { id: terminal.id });
    const seen = { last: 0, wrong: [] as string[], bytes: 0, isDone: false, isStalled: false };
    const held: (() => void)[] = [];
    let rest = '';
    stream.ended.catch(() => {});
    stream.onBytes((bytes, done) => {
      seen.bytes += bytes.length;
      const lines = (rest + Buffer.from(bytes).toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const number = Number(/line (\d+)\.\r?$/.exec(line)?.[1]);
        if (!Number.isNaN(number)) {
          if (number !== seen.last + 1) seen.wrong.push(`${seen.last} → ${number}`);
          seen.last = number;
        }
        if (line.startsWith('done')) seen.isDone = true;
      }
      if (seen.isStalled) held.push(done);
      else done();
    });
    return {
      seen,
      type: (text: string) => stream.send(Buffer.from(text)),
      goOn() {
        seen.isStalled = false;
        for (const done of held.splice(0)) done();
      },
    };
  }
  const recordBytes = async (id: string) => {
    const { stdout } = await remote.run([
      'sh',
      '-c',
      `du -k ~/.local/state/berth/terminals/${id}.* | cut -f1`,
    ]);
    return stdout.split('\n').reduce((sum, kib) => sum + Number(kib) * 1024, 0);
  };

  it('holds the program up, loses nothing, and costs a bounded file', async () => {
    const { terminal } = await open(onHost());
    const reader = follow(terminal);
    reader.type(flood(300_000));
    await vi.waitFor(() => expect(reader.seen.last).toBeGreaterThan(3_000), { timeout: 30_000 });
    reader.seen.isStalled = true;
    // Until the program stands still: all of it would take it two seconds.
    let before = -1;
    await vi.waitFor(
      async () => {
        const now = Number(
          await remote.runChecked(['sh', '-c', `stat -c %s ~/.local/state/berth/terminals/${terminal.id}.1`]),
        );
        const isStill = now === before;
        before = now;
        expect(isStill).toBe(true);
      },
      { timeout: 30_000, interval: 1_000 },
    );
    expect(before).toBeLessThan(25_000_000);
    expect(await recordBytes(terminal.id)).toBeLessThan(24 * 1024 * 1024);
    reader.goOn();
    await vi.waitFor(() => expect(reader.seen.isDone).toBe(true), { timeout: 60_000, interval: 100 });
    expect(reader.seen).toMatchObject({ last: 300_000, wrong: [] });
    expect(await recordBytes(terminal.id)).toBeLessThan(24 * 1024 * 1024);
    await close(terminal);
  });

  it('sees the end of a flood that nobody held up', async () => {
    const { terminal, shell } = await open(onHost());
    shell.type(`sleep 2; ${flood(300_000)}`);
    await shell.shows('sleep 2');
    await plane.close();
    await vi.waitFor(
      async () => {
        const { stdout } = await remote.run([
          'tmux',
          '-L',
          'berth',
          'capture-pane',
          '-p',
          '-t',
          `=${terminal.id}:`,
        ]);
        expect(stdout).toContain('\ndone\n');
      },
      { timeout: 60_000, interval: 300 },
    );
    expect(await recordBytes(terminal.id)).toBeLessThan(24 * 1024 * 1024);
    plane = await start();
    await plane.hostReady(host.id);
    await isBack(terminal.id);
    const again = plane.attach(terminal.id);
    await again.shows('done\r\n');
    const numbers = [...again.text.matchAll(/line (\d+)\.\r?\n/g)].map(([, number]) => Number(number));
    expect(numbers.length).toBeGreaterThan(4_000);
    expect(numbers.at(-1)).toBe(300_000);
    expect(
      numbers.every((number, index) => index === 0 || number === (numbers[index - 1] as number) + 1),
    ).toBe(true);
    await close(terminal);
    await plane.workspaceIn(workspace.id, 'running');
  });
});

describe('what another pane or another login does', () => {
  const tmux = (...args: string[]) => remote.run(['tmux', '-L', 'berth', ...args]);
  const paneOf = async (terminal: Terminal) =>
    (await tmux('list-panes', '-t', `=${terminal.id}:`, '-F', '#{pane_id} #{pane_in_mode}')).stdout.trim();

  it('takes no keys away from a program: a mode that was left on is left', async () => {
    const { terminal, shell } = await open(onHost());
    const [pane = ''] = (await paneOf(terminal)).split(' ');
    for (const keys of ['emacs', 'vi']) {
      await tmux('set-option', '-g', 'mode-keys', keys);
      await tmux('copy-mode', '-t', pane);
      expect(await paneOf(terminal)).toBe(`${pane} 1`);
      // In copy mode `f` asks for a letter in a prompt, behind which every command would wait.
      shell.type(`printf 'of-%s' ${keys}-all-""keys\n`);
      await shell.shows(`of-${keys}-all-keys`);
      expect(await paneOf(terminal)).toBe(`${pane} 0`);
    }
    await close(terminal);
  });

  it('puts nothing over it: the end of a pane that is gone already cannot be told, which is no news', async () => {
    const { terminal, shell } = await open(onHost());
    // What the hook runs, for a pane that went away before.
    const { stdout: hook } = await tmux('show-hooks', '-g', 'pane-died');
    expect(hook).toMatch(/^pane-died\[0\] run-shell .*#\{hook_pane\}/);
    await remote.writeFile(
      '/root/late-hook',
      hook.replace('pane-died[0] ', '').replace('#{hook_pane}', '%9999'),
    );
    expect((await tmux('source-file', '/root/late-hook')).exitCode).toBe(0);
    // A command behind it, which waits for it to end.
    await tmux('run-shell', 'sleep 0.3');
    shell.type("echo still-he''re\n");
    await shell.shows('still-here');
    expect((await tmux('list-panes', '-a', '-F', '#{pane_in_mode}')).stdout).not.toContain('1');
    await close(terminal);
  });
});

describe('what happens while nobody looks', () => {
  it('keeps the exit code of a program that ended meanwhile', async () => {
    const { terminal, shell } = await open(onHost());
    shell.type('sleep 2; echo last words; exit 5\n');
    await shell.shows('exit 5');
    await plane.close();
    await vi.waitFor(
      async () =>
        expect(
          (await remote.run(['tmux', '-L', 'berth', 'list-panes', '-a', '-F', '#{pane_dead}'])).stdout,
        ).toContain('1'),
      { timeout: 20_000, interval: 200 },
    );
    plane = await start();
    await plane.hostReady(host.id);
    const ended = await terminalIs(terminal.id, ({ phase }) => phase === 'ended');
    expect(ended.state).toMatchObject({ exitCode: 5, error: null });
    const again = plane.attach(terminal.id);
    await again.shows('last words');
    await close(terminal);
  });

  it('ends a shell that was closed while its host was away', async () => {
    const { terminal, shell } = await open(onHost());
    shell.type('sleep 54321\n');
    await shell.shows('sleep 54321');
    await plane.client.call('hosts.disconnect', { id: host.id });
    await terminalIs(terminal.id, ({ phase }) => phase === 'lost');
    await close(terminal);
    expect(await remote.runChecked(['ps', 'ax', '-o', 'args'])).toContain('sleep 54321');
    await plane.client.call('hosts.connect', { id: host.id });
    await vi.waitFor(
      async () => expect(await remote.runChecked(['ps', 'ax', '-o', 'args'])).not.toContain('sleep 54321'),
      { timeout: 20_000 },
    );
    await plane.workspaceIn(workspace.id, 'running');
  });

  it('says what is gone when tmux was ended by somebody else', async () => {
    const { terminal } = await open(onHost());
    await remote.runChecked(['tmux', '-L', 'berth', 'kill-session', '-t', `=${terminal.id}`]);
    const ended = await terminalIs(terminal.id, ({ phase }) => phase === 'ended');
    expect(ended.state).toMatchObject({ exitCode: null });
    await close(terminal);
  });

  it('comes back when the whole control client was killed', async () => {
    const { terminal, shell } = await open(onHost());
    const clients = await remote.runChecked(['tmux', '-L', 'berth', 'list-clients', '-F', '#{client_pid}']);
    await remote.runChecked(['kill', '-KILL', ...clients.trim().split(/\s+/)]);
    await isBack(terminal.id);
    shell.type('echo typed-$((40+4))\n');
    await shell.shows('typed-44');
    await close(terminal);
  });

  it('leaves no reader, recorder or record behind', async () => {
    const opened = await Promise.all([onHost(), onHost(), inWorkspace()].map((target) => open(target)));
    await Promise.all(opened.map(({ terminal }) => close(terminal)));
    await vi.waitFor(
      async () => {
        const processes = await remote.runChecked(['ps', 'ax', '-o', 'args']);
        expect(processes).not.toMatch(/terminal-reader|recorder-\d+\.sh \S+term_/);
        const records = await remote.run(['sh', '-c', 'ls ~/.local/state/berth/terminals | grep term_']);
        expect(records.stdout).toBe('');
      },
      { timeout: 20_000, interval: 300 },
    );
  });

  it('shows what still runs to a Berth that lost its database', async () => {
    const { terminal, shell } = await open(onHost());
    shell.type('echo kept-$((40+5))\n');
    await shell.shows('kept-45');
    await plane.close();
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
    plane = await start();
    host = await plane.addHost(remote, 'again');
    const found = await terminalIs(terminal.id, ({ phase }) => phase === 'live');
    expect(found).toMatchObject({ isFound: true, target: onHost(), lifetime: 'multiplexer' });
    const again = plane.attach(terminal.id);
    await again.shows('kept-45');
    again.type('echo typed-$((40+6))\n');
    await again.shows('typed-46');
    await close(terminal);
  });
});
