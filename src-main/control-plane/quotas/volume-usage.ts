/**
 * How large everybody's volumes are, as last measured. An engine measures by walking every file, so it is asked when a host
 * comes, after what changes volumes, and once an hour; nothing waits for it, and one that cannot answer is asked again later.
 */
import type { HostId, UserId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { Heirs } from '../heirs.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import { label } from '../workspaces/labels.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';

export interface VolumeUsageDeps {
  readonly links: HostLinks;
  readonly watchOperations: (signal: AbortSignal) => AsyncIterable<CollectionItem<Operation>>;
  readonly workspaces: () => readonly Pick<WorkspaceRecord, 'id' | 'hostId' | 'volumeName' | 'ownerId'>[];
  /** Volumes from before restores: whose workspace's. */
  readonly volumesBefore: () => readonly { hostId: HostId; volumeName: string; workspaceId: string }[];
  readonly heirs: Pick<Heirs, 'ownerOf'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Measured {
  readonly bytes: number;
  /** What its label says. */
  readonly owner: string | undefined;
}

const everyMs = 3_600_000;
const changesVolumes: ReadonlySet<Operation['kind']> = new Set<Operation['kind']>([
  'workspace.create',
  'workspace.destroy',
  'workspace.move',
  'workspace.confirm-move',
  'workspace.cancel-move',
  'volume.destroy',
  'snapshot.restore',
  'snapshot.undo-restore',
  'snapshot.end-undo',
  'snapshot.put-back',
]);

export class VolumeUsage {
  readonly #deps: VolumeUsageDeps;
  readonly #measured = new Map<HostId, ReadonlyMap<string, Measured>>();
  /** Hosts that are being measured, and whether they are to be measured once more. */
  readonly #measuring = new Map<HostId, { isAgain: boolean; readonly done: Promise<void> }>();
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => void)[] = [];
  readonly #closing = new AbortController();
  #following: Promise<void> = Promise.resolve();
  #stopTimer: (() => void) | undefined;

  constructor(deps: VolumeUsageDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { links } = this.#deps;
    this.#stops.push(
      links.onReady((link) => this.#measureSoon(link.hostId)),
      links.onRemoved((hostId) => {
        this.#measured.delete(hostId);
        this.#tell();
      }),
    );
    this.#following = this.#followOperations();
    this.#repeat();
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stopTimer?.();
    this.#closing.abort();
    await Promise.all([this.#following, ...[...this.#measuring.values()].map(({ done }) => done)]);
  }

  /** Told after each measurement. */
  onMeasured(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Undefined: not measured. */
  sizeOf(hostId: HostId, volumeName: string): number | undefined {
    return this.#measured.get(hostId)?.get(volumeName)?.bytes;
  }

  /** Of all of a person's volumes, kept ones too; null while a host with a workspace of theirs was never measured. */
  bytesOf(userId: UserId): number | null {
    const { heirs } = this.#deps;
    const workspaces = this.#deps.workspaces();
    if (workspaces.some(({ ownerId, hostId }) => ownerId === userId && !this.#measured.has(hostId)))
      return null;
    const owners = new Map<string, UserId>();
    const byWorkspace = new Map(workspaces.map(({ id, ownerId }) => [id as string, ownerId]));
    for (const { hostId, volumeName, ownerId } of workspaces) owners.set(`${hostId}/${volumeName}`, ownerId);
    for (const { hostId, volumeName, workspaceId } of this.#deps.volumesBefore()) {
      const ownerId = byWorkspace.get(workspaceId);
      if (ownerId !== undefined) owners.set(`${hostId}/${volumeName}`, ownerId);
    }
    let sum = 0;
    for (const [hostId, volumes] of this.#measured)
      for (const [name, { bytes, owner }] of volumes)
        if ((owners.get(`${hostId}/${name}`) ?? heirs.ownerOf(owner)) === userId) sum += bytes;
    return sum;
  }

  #repeat(): void {
    this.#stopTimer = this.#deps.clock.after(everyMs, () => {
      for (const hostId of this.#measured.keys()) this.#measureSoon(hostId);
      this.#repeat();
    });
  }

  #measureSoon(hostId: HostId): void {
    const running = this.#measuring.get(hostId);
    if (running !== undefined) {
      running.isAgain = true;
      return;
    }
    const link = this.#deps.links.current(hostId);
    if (link?.engine === undefined || this.#closing.signal.aborted) return;
    const done = this.#measure(link, link.engine).finally(() => {
      const isAgain = this.#measuring.get(hostId)?.isAgain === true;
      this.#measuring.delete(hostId);
      if (isAgain) this.#measureSoon(hostId);
    });
    this.#measuring.set(hostId, { isAgain: false, done });
  }

  async #measure({ hostId, signal: lost }: HostLink, engine: NonNullable<HostLink['engine']>): Promise<void> {
    const signal = AbortSignal.any([lost, this.#closing.signal]);
    try {
      const volumes = await engine.listVolumes({ [label.managed]: '1' }, signal);
      const sizes =
        volumes.length === 0
          ? new Map<string, number>()
          : await engine.volumeSizes(
              volumes.map(({ name }) => name),
              signal,
            );
      if (signal.aborted) return;
      this.#measured.set(
        hostId,
        new Map(
          volumes.map(({ name, labels }) => [
            name,
            { bytes: sizes.get(name) ?? 0, owner: labels[label.owner] },
          ]),
        ),
      );
      this.#tell();
    } catch (cause) {
      if (!signal.aborted) this.#deps.log.warn('volumes could not be measured', { hostId, cause });
    }
  }

  async #followOperations(): Promise<void> {
    try {
      for await (const item of this.#deps.watchOperations(this.#closing.signal)) {
        if (item.type === 'all') continue;
        for (const { kind, hostId, endedAt } of item.upserted)
          if (endedAt !== null && hostId !== null && changesVolumes.has(kind))
            this.#measureSoon(hostId as HostId);
      }
    } catch (cause) {
      this.#deps.log.error('operations are not followed any more', { cause });
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
