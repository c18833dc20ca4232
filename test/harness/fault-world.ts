/** A plane, its hosts and a workspace with so many files that a fault can come while they are read, written or copied. */
import { expect } from 'vitest';
import type { OperationId, SnapshotId } from '#contract/ids.ts';
import type { InputOf } from '#contract/index.ts';
import type { Operation } from '#contract/operations.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHostOptions, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { allEnded, expectNothingHalf, lines, type TestHost } from './snapshot-remains.ts';
import { startPlane, type TestPlane } from './start-plane.ts';

export interface FaultWorldOptions {
  readonly hostCount: number;
  /** Random, so that no archive of it is smaller. */
  readonly contentMiB: number;
  readonly host?: RemoteHostOptions;
}

export async function startFaultWorld(options: FaultWorldOptions): Promise<FaultWorld> {
  const remotes = await Promise.all(
    Array.from({ length: options.hostCount }, () => startRemoteHost(options.host)),
  );
  for (const remote of remotes) await loadImage(remote, await busyboxImage());
  const plane = await startPlane();
  const hosts: TestHost[] = [];
  for (const remote of remotes) hosts.push({ remote, host: await plane.addHost(remote) });
  const project = await plane.createProject('berth-busybox:test');
  const [here] = hosts;
  if (here === undefined) throw new Error('a world has a host');
  const workspace = await plane.createWorkspace({ host: here.host, project });
  const world = new FaultWorld(plane, hosts, workspace);
  const files = options.contentMiB / 10;
  await world.sh(
    `cd /home/dev && mkdir d && for i in $(seq ${files}); do head -c 10485760 /dev/urandom > d/$i; done` +
      ' && ln -s 1 d/link && md5sum d/* > sums && echo first > state && sync',
  );
  return world;
}

export class FaultWorld implements AsyncDisposable {
  readonly plane: TestPlane;
  readonly hosts: readonly TestHost[];
  workspace: Workspace;

  constructor(plane: TestPlane, hosts: readonly TestHost[], workspace: Workspace) {
    this.plane = plane;
    this.hosts = hosts;
    this.workspace = workspace;
  }

  /** The host of the workspace. */
  get here(): TestHost {
    return this.hosts.find(({ host }) => host.id === this.workspace.hostId) as TestHost;
  }
  get there(): TestHost {
    return this.hosts.find(({ host }) => host.id !== this.workspace.hostId) as TestHost;
  }

  async sh(text: string, of: Pick<Workspace, 'id'> = this.workspace): Promise<string> {
    const now = await this.plane.workspaceIn(of.id, 'running');
    const on = this.hosts.find(({ host }) => host.id === now.hostId) as TestHost;
    return await on.remote.docker('exec', now.containerId ?? '', 'sh', '-c', text);
  }

  /** Throws unless each file is as it was written; returns the one that changes. */
  async stateOf(of: Pick<Workspace, 'id'> = this.workspace): Promise<string> {
    return (await this.sh('cd /home/dev && md5sum -sc sums && test -L d/link && cat state', of)).trim();
  }

  async create(
    wish: Partial<InputOf<'snapshots.create'>> = {},
  ): Promise<{ id: SnapshotId; operation: Operation }> {
    const { snapshotId, operation } = await this.plane.client.call('snapshots.create', {
      workspaceId: this.workspace.id,
      ...wish,
    });
    return { id: snapshotId, operation };
  }
  async take(wish: Partial<InputOf<'snapshots.create'>> = {}): Promise<Snapshot> {
    const { id, operation } = await this.create(wish);
    await this.plane.succeeded(operation.id);
    return await this.plane.until('snapshots.watch', {}, (all) => all.find((one) => one.id === id));
  }

  /** The workspace's container as its host sees it, whether Berth can or not. */
  async container(): Promise<{ id: string; isPaused: boolean; isRunning: boolean }> {
    const label = `label=dev.berth.workspace=${this.workspace.id}`;
    const { remote } = this.here;
    const line = await remote.docker('ps', '--all', '--filter', label, '--format', '{{.ID}} {{.State}}');
    const [id = '', state] = line.trim().split(' ');
    return { id, isPaused: state === 'paused', isRunning: state === 'running' };
  }
  async frozen(): Promise<void> {
    const ask = async () => (await this.container()).isPaused;
    await waitUntil(ask, { what: 'the workspace stands still', intervalMs: 5 });
  }
  async thawed(): Promise<void> {
    const ask = async () => (await this.container()).isRunning;
    await waitUntil(ask, { what: 'the workspace goes on', intervalMs: 20 });
  }

  /** Resolves when the step is under way; `isInMiddle`: and some of its bytes are done. */
  async inStep(id: OperationId, step: string, isInMiddle = true): Promise<void> {
    const operation = await this.plane.until('operations.watch', {}, (all) => {
      const found = all.find((one) => one.id === id);
      const now = found?.steps.find((one) => one.id === step);
      if (found === undefined || now === undefined) return undefined;
      const isThere = now.state === 'running' && (!isInMiddle || (now.progress?.done ?? 0) > 0);
      return isThere || found.endedAt !== null ? found : undefined;
    });
    if (operation.endedAt !== null)
      throw new Error(`it ended before anything could come between: ${JSON.stringify(operation)}`);
  }

  /** The network goes silent and every connection dies; the machine itself goes on. */
  async cutOff({ remote }: TestHost = this.here): Promise<void> {
    await remote.blackhole();
    await remote.killSshSessions('kill');
  }

  /** Names of helpers of one purpose that run now. */
  async helpers(purpose: string, { remote }: TestHost = this.here): Promise<string[]> {
    const filters = [
      '--filter',
      'label=dev.berth.helper',
      '--filter',
      `name=^berth-${purpose}-[0-9a-z]{20}$`,
    ];
    return lines(await remote.docker('ps', ...filters, '--format', '{{.Names}}'));
  }

  async wholeAgain(): Promise<void> {
    for (const { host } of this.hosts) await this.plane.hostReady(host.id);
    await expectNothingHalf(this.plane, this.hosts);
  }

  /** Everything is as it was at first: no snapshot but `kept`, no volume from before a restore. */
  async clear(kept?: SnapshotId): Promise<void> {
    const { plane } = this;
    // A test that failed in the middle of a cut would take all that come after it along.
    for (const { remote } of this.hosts) await remote.heal();
    await allEnded(plane);
    const copies = await plane.until('workspaces.watch', {}, (found) =>
      found.filter(({ move }) => move?.role === 'copy'),
    );
    for (const { id } of copies)
      await plane.succeeded((await plane.client.call('workspaces.cancelMove', { id })).id);
    const undos = await plane.until('snapshots.undos', {}, (all) => all);
    for (const { id } of undos)
      await plane.succeeded((await plane.client.call('snapshots.endUndo', { workspaceId: id })).id);
    const all = await plane.until('snapshots.watch', {}, (snapshots) => snapshots);
    for (const { host } of this.hosts) {
      const ids = all.filter(({ hostId, id }) => hostId === host.id && id !== kept).map(({ id }) => id);
      if (ids.length > 0) await plane.succeeded((await plane.client.call('snapshots.destroy', { ids })).id);
    }
  }

  /** Whole, with these snapshots and the file that changes as it is said; then as it was at first. */
  async expectEnd(reasons: Snapshot['reason'][], state: string): Promise<void> {
    await this.wholeAgain();
    const found = await this.plane.until('snapshots.watch', {}, (all) => all.map(({ reason }) => reason));
    expect(found.toSorted()).toEqual(reasons);
    expect(await this.stateOf()).toBe(state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane.close();
    for (const { remote } of this.hosts) await remote.stop();
  }
}
