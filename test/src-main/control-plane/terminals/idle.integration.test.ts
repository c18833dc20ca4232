/** Terminals that nobody uses, on a real host, on a clock moved by hand: their shells end, those that are used go on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { TerminalId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Terminal, TerminalTarget } from '#contract/terminals.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const minute = 60_000;
const guestId = 'user_00000000000000000002' as UserId;
const clock = new ManualClock();
let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let workspaceId: WorkspaceId;
let containerId: string;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  plane = await startPlane({ idleTimeoutMs: 30 * minute, lifecycleClock: clock });
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

const open = (target: TerminalTarget, by: TestPlane = plane) =>
  by.client.call('terminals.open', { target, size: { cols: 80, rows: 24 }, name: null });
const targetOf = (kind: 'workspace' | 'host'): TerminalTarget =>
  kind === 'workspace' ? { kind, workspaceId } : { kind, hostId: host.id };
const ended = (id: TerminalId, by: TestPlane = plane): Promise<Terminal> =>
  by.until('terminals.watch', {}, (all) => all.find((one) => one.id === id && one.state.phase === 'ended'));
const phasesOf = (by: TestPlane = plane) =>
  by.until('terminals.watch', {}, (all) => Object.fromEntries(all.map(({ id, state }) => [id, state.phase])));

/** Its own shell tells its number; then nobody looks at it any more. Resolves with whether that shell lives. */
async function leaveAlone({ id, target }: Terminal, by: TestPlane = plane): Promise<() => Promise<boolean>> {
  const screen = by.attach(id);
  screen.type('echo pid=$$=\n');
  await screen.shows(/pid=\d+=/);
  const pid = /pid=(\d+)=/.exec(screen.text)?.[1] ?? '';
  // Until its prompt is there it may still print.
  await screen.shows(/pid=\d+=\s+\S/);
  screen.stream.close();
  const where = target.kind === 'workspace' ? ['docker', 'exec', containerId] : [];
  return async () => (await remote.run([...where, 'test', '-d', `/proc/${pid}`])).exitCode === 0;
}

describe('a terminal that nobody uses', () => {
  it.each(['workspace', 'host'] as const)(
    'is closed with its shell: on a %s',
    async (kind) => {
      const [silent, watched] = [await open(targetOf(kind)), await open(targetOf(kind))];
      const screen = plane.attach(watched.id);
      const lives = await leaveAlone(silent);
      expect(await lives()).toBe(true);
      await clock.advance(31 * minute);
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

  it('is closed when its own person says so, and nobody else’s is', async () => {
    const guest = await plane.connectAs(guestId, 'owner');
    // What Berth says to all is half an hour.
    await plane.client.call('settings.change', { closeIdleTerminalsMinutes: 5 });
    const [mine, typed, theirs] = [
      await open(targetOf('workspace')),
      await open(targetOf('workspace')),
      await open(targetOf('host'), guest),
    ];
    const [mineLives, , theirsLives] = [
      await leaveAlone(mine),
      await leaveAlone(typed),
      await leaveAlone(theirs, guest),
    ];
    await clock.advance(4 * minute);
    // Somebody comes back to this one: its five minutes begin anew.
    await leaveAlone(typed);
    await clock.advance(2 * minute);
    expect((await ended(mine.id)).state).toMatchObject({
      error: { message: expect.stringContaining('5 minutes'), details: { reason: 'idle' } },
    });
    await waitUntil(async () => !(await mineLives()), { what: 'the end of its shell' });
    expect((await phasesOf())[typed.id]).toBe('live');
    expect(await theirsLives()).toBe(true);
    await clock.advance(4 * minute);
    await ended(typed.id);
    expect((await phasesOf(guest))[theirs.id]).toBe('live');
    // Who takes it back has no more closed than Berth says.
    await plane.client.call('settings.change', { closeIdleTerminalsMinutes: null });
    const late = await open(targetOf('workspace'));
    await leaveAlone(late);
    await clock.advance(21 * minute);
    expect((await ended(theirs.id, guest)).state).toMatchObject({
      error: { message: expect.stringContaining('30 minutes') },
    });
    expect((await phasesOf())[late.id]).toBe('live');
    await guest.close();
  }, 60_000);
});
