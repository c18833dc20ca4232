/** Terminals on a real host: bytes, floods, what is left behind, and what is remembered. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { Terminal, TerminalTarget } from '#contract/terminals.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { loadImage, workspaceImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

let remote: RemoteHost;
let folder: string;
let plane: TestPlane;
let host: Host;
let workspace: Workspace;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await workspaceImage());
  folder = await mkdtemp(join(tmpdir(), 'berth-terminals-'));
  plane = await startPlane({ folder });
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
  return { terminal, shell: plane.attach(terminal.id) };
}
const close = (terminal: Terminal) => plane.client.call('terminals.close', { id: terminal.id });
const terminalIs = (id: string, find: (terminal: Terminal) => boolean) =>
  plane.until('terminals.watch', {}, (all) => all.find((one) => one.id === id && find(one)));
const processes = async () =>
  (await remote.docker('top', workspace.containerId ?? '', '-eo', 'pid,args'))
    .split('\n')
    .filter((line) => /bash|sleep|yes/.test(line) && !/berth|docker-init/.test(line));

describe.each([
  ['in a workspace', inWorkspace],
  ['on the host', onHost],
])('a terminal %s', (_where, target) => {
  it('shows its size, follows a change of it, and says how it ended', async () => {
    const { terminal, shell } = await open(target());
    shell.type('stty size; echo "$TERM $COLORTERM"\n');
    await shell.shows('30 100');
    await shell.shows('xterm-256color truecolor');
    await plane.client.call('terminals.resize', { id: terminal.id, size: { cols: 72, rows: 21 } });
    // The engine says yes before the program has the size: asked again until it has.
    await vi.waitFor(
      () => {
        shell.type('stty size\n');
        expect(shell.text).toContain('21 72');
      },
      { timeout: 20_000, interval: 250 },
    );
    shell.type('exit 7\n');
    await shell.stream.ended;
    expect((await terminalIs(terminal.id, ({ state }) => state.phase === 'ended')).state).toMatchObject({
      exitCode: 7,
      error: null,
    });
    const again = plane.attach(terminal.id);
    await again.stream.ended;
    expect(again.text).toContain('21 72');
    await close(terminal);
  });

  it('shows the title that a program sets, cleaned', async () => {
    const { terminal, shell } = await open(target());
    shell.type(`printf '\\033]0;ev\\342\\200\\256il\\007'; read hold\n`);
    await terminalIs(terminal.id, ({ programTitle }) => programTitle === 'ev il');
    await close(terminal);
  });

  it('answers Ctrl+C in the middle of a flood that nobody reads', async () => {
    const { terminal, shell } = await open(target());
    await shell.shows(/[$#] /);
    shell.isStalled = true;
    shell.type('yes flooding\n');
    // Its credit is used up: nothing comes any more, and from now on the flood waits at the plane.
    let lastBytes = 0;
    const stands = () => {
      const isSame = shell.receivedBytes === lastBytes && lastBytes > 200_000;
      lastBytes = shell.receivedBytes;
      return isSame;
    };
    await expect.poll(stands, { interval: 300 }).toBe(true);
    shell.type('\x03');
    shell.type('echo after-$((1+1))\n');
    const { droppedBytes } = await plane.client.call('terminals.dropBacklog', { id: terminal.id });
    shell.goOn();
    await shell.shows('after-2');
    expect(droppedBytes).toBeGreaterThan(0);
    await close(terminal);
  });

  it('paints what was there for a window that comes later', async () => {
    const { terminal, shell } = await open(target());
    shell.type('echo first-$((20+1))\n');
    await shell.shows('first-21');
    shell.stream.close();
    const later = plane.attach(terminal.id);
    await later.shows('first-21');
    later.type('echo second-$((20+2))\n');
    await later.shows('second-22');
    await close(terminal);
    await later.stream.ended;
  });
});

describe('what terminals leave behind', () => {
  it('is nothing after ten were closed with programs in them', async () => {
    const before = (await processes()).length;
    const opened = await Promise.all(Array.from({ length: 10 }, () => open(inWorkspace())));
    for (const { shell } of opened) shell.type('sleep 1000 & sleep 1001\n');
    await vi.waitFor(async () => expect((await processes()).length).toBe(before + 30), { timeout: 15_000 });
    await Promise.all(opened.map(({ terminal }) => close(terminal)));
    await vi.waitFor(async () => expect(await processes()).toHaveLength(before), { timeout: 10_000 });
  });

  it('is nothing on the host either', async () => {
    const { terminal, shell } = await open(onHost());
    shell.type('sleep 4242 & sleep 4243\n');
    await expect.poll(() => remote.runChecked(['ps', 'ax', '-o', 'args'])).toContain('sleep 4243');
    await close(terminal);
    await vi.waitFor(
      async () => expect(await remote.runChecked(['ps', 'ax', '-o', 'args'])).not.toContain('sleep 424'),
      {
        timeout: 10_000,
      },
    );
  });

  it('is swept when the connection is back after it was cut', async () => {
    await plane.client.call('settings.change', { keepTerminals: false });
    const { terminal, shell } = await open(inWorkspace());
    expect(terminal).toMatchObject({
      lifetime: 'connection',
      lifetimeNote: expect.stringContaining('turned off'),
      attachCommand: null,
    });
    shell.type('sleep 777\n');
    await vi.waitFor(async () => expect((await processes()).join()).toContain('sleep 777'), {
      timeout: 10_000,
    });
    await remote.killSshSessions('reset');
    const ended = await terminalIs(terminal.id, ({ state }) => state.phase === 'ended');
    expect(ended.state).toMatchObject({ error: { code: 'connection-lost' } });
    await plane.hostReady(host.id);
    await vi.waitFor(async () => expect((await processes()).join()).not.toContain('sleep 777'), {
      timeout: 20_000,
    });
    await close(terminal);
  });

  it('refuses a terminal in what does not run, in words', async () => {
    const { id } = await plane.client.call('workspaces.stop', { id: workspace.id });
    await plane.succeeded(id);
    await plane.workspaceIn(workspace.id, 'stopped');
    await expect(open(inWorkspace())).rejects.toMatchObject({ code: 'workspace.not-running' });
    await plane.succeeded((await plane.client.call('workspaces.start', { id: workspace.id })).id);
    workspace = await plane.workspaceIn(workspace.id, 'running');
  });
});

describe('after a restart of Berth', () => {
  it('tells what was open and ended with it, and left nothing of it running', async () => {
    await plane.client.call('settings.change', { keepTerminals: false });
    const { terminal, shell } = await open(inWorkspace());
    await plane.client.call('terminals.rename', { id: terminal.id, name: 'build' });
    shell.type('sleep 888\n');
    await vi.waitFor(async () => expect((await processes()).join()).toContain('sleep 888'), {
      timeout: 10_000,
    });
    await plane.close();
    expect((await processes()).join()).not.toContain('sleep 888');
    plane = await startPlane({ folder });
    const remembered = await terminalIs(terminal.id, () => true);
    expect(remembered).toMatchObject({ name: 'build', target: inWorkspace(), size: { cols: 100, rows: 30 } });
    expect(remembered.state).toMatchObject({
      phase: 'ended',
      error: {
        code: 'connection-lost',
        details: { reason: 'restarted', attachedTo: expect.stringContaining('api') },
      },
    });
    await expect(plane.attach(terminal.id).stream.ended).rejects.toMatchObject({ code: 'terminal.ended' });
    await plane.hostReady(host.id);
    await plane.workspaceIn(workspace.id, 'running');
    const { terminal: second, shell: fresh } = await open(inWorkspace());
    fresh.type('echo back-$((4+4))\n');
    await fresh.shows('back-8');
    await close(second);
  });
});
