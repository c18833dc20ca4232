/** Terminals that nobody uses, on a real host: their shells end, those that are watched go on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { TerminalId, WorkspaceId } from '#contract/ids.ts';
import type { Terminal, TerminalTarget } from '#contract/terminals.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let workspaceId: WorkspaceId;
let containerId: string;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  plane = await startPlane({ idleTimeoutMs: 2_000 });
  host = await plane.addHost(remote);
  const project = await plane.createProject('berth-busybox:test');
  const workspace = await plane.createWorkspace({ host, project });
  workspaceId = workspace.id;
  containerId = workspace.containerId ?? '';
}, 120_000);
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
});

const open = (target: TerminalTarget) =>
  plane.client.call('terminals.open', { target, size: { cols: 80, rows: 24 }, name: null });
const ended = (id: TerminalId): Promise<Terminal> =>
  plane.until('terminals.watch', {}, (all) =>
    all.find((one) => one.id === id && one.state.phase === 'ended'),
  );

describe('a terminal that nobody uses', () => {
  it.each(['workspace', 'host'] as const)(
    'is closed with its shell: on a %s',
    async (kind) => {
      const target: TerminalTarget = kind === 'workspace' ? { kind, workspaceId } : { kind, hostId: host.id };
      const [silent, watched] = [await open(target), await open(target)];
      const screen = plane.attach(watched.id);
      // Its own shell tells its number, before it is left alone.
      const first = plane.attach(silent.id);
      first.type('echo pid=$$=\n');
      await first.shows(/pid=\d+=/);
      const pid = /pid=(\d+)=/.exec(first.text)?.[1] ?? '';
      first.stream.close();
      const lives = async () => {
        const where = kind === 'workspace' ? ['docker', 'exec', containerId] : [];
        return (await remote.run([...where, 'test', '-d', `/proc/${pid}`])).exitCode === 0;
      };
      expect(await lives()).toBe(true);
      expect((await ended(silent.id)).state).toMatchObject({
        error: { code: 'terminal.ended', details: { reason: 'idle' } },
      });
      await waitUntil(async () => !(await lives()), { what: 'the end of its shell' });
      // The other one was silent for as long, and somebody looked at it.
      screen.type('echo st$((1))ll\n');
      await screen.shows('st1ll');
      await plane.client.call('terminals.close', { id: watched.id });
    },
    60_000,
  );
});
