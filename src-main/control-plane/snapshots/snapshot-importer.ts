/**
 * Archives that come in from outside. Trusts nothing of what they say of themselves: whose they become, what they are named
 * and of which workspace they are is decided here. One that was cut off goes on with what the host has of it.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { OperationId, SnapshotId, UserId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import { projectDefaults } from '#contract/projects.ts';
import type { ByteChannel } from '../handler.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Random } from '../interfaces/random.ts';
import type { QuotaGuard } from '../quotas/quota-service.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import type { ReadyLink } from '../workspaces/workspace-parts.ts';
import { removeSnapshots } from './archive-work.ts';
import { HelperOutput } from './helper-output.ts';
import { type HelperWork, helperSpec } from './helper-work.ts';
import { Manifest, type SnapshotAbout } from './manifest.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';

export interface SnapshotImporterDeps {
  readonly directory: SnapshotDirectory;
  readonly workspaces: WorkspaceDirectory;
  readonly quotas: QuotaGuard;
  readonly links: HostLinks;
  readonly random: Random;
}

export class SnapshotImporter {
  readonly #deps: SnapshotImporterDeps;

  constructor(deps: SnapshotImporterDeps) {
    this.#deps = deps;
  }

  /** Resolves when the archive is a snapshot. One that was cut off goes on with what the host has of it. */
  async import(
    input: ParsedInputOf<'snapshots.import'>,
    { channel, userId, signal }: { channel: ByteChannel; userId: UserId; signal: AbortSignal },
  ): Promise<void> {
    const { directory, links, quotas } = this.#deps;
    const link: ReadyLink = links.requireEngine(input.hostId);
    const about = this.#aboutImport(input, userId);
    directory.requireFreeName(about, input.name, undefined);
    // One that is there already takes nothing more.
    if (directory.record(input.id) === undefined)
      quotas.require(userId, { snapshots: 1, diskBytes: input.sizeBytes });
    const release = quotas.hold(userId, { snapshotId: input.id, diskBytes: input.sizeBytes });
    try {
      await this.#receive(input, link, about, { channel, userId, signal });
    } finally {
      release();
    }
  }

  async #receive(
    input: ParsedInputOf<'snapshots.import'>,
    link: ReadyLink,
    about: SnapshotAbout,
    { channel, userId, signal }: { channel: ByteChannel; userId: UserId; signal: AbortSignal },
  ): Promise<void> {
    const { directory } = this.#deps;
    const work: HelperWork = {
      purpose: 'import',
      id: input.id,
      snapshotId: input.id,
      store: 'create',
      rights: 'write',
      args: [
        'import',
        '--store=/store',
        `--id=${input.id}`,
        `--bytes=${input.sizeBytes}`,
        `--about=${JSON.stringify(about)}`,
        ...(input.workspaceId === null && input.image === null ? ['--take-about'] : []),
      ],
    };
    const spec = helperSpec(link, work);
    await link.engine.endHelper(spec.name);
    const process = await link.engine.runHelper(spec, signal);
    const onAbort = () => process.release();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const output = new HelperOutput(process);
      let left = input.sizeBytes;
      let skip = 0;
      let hasEnded = false;
      let wake: () => void = () => {};
      process.onDrain(() => wake());
      void output.ended.then(() => {
        hasEnded = true;
        wake();
      });
      const first = await output.event();
      if (first.event === 'have') skip = Number(first.bytes) || 0;
      channel.onReceive(async (bytes) => {
        const own = bytes.subarray(0, left);
        left -= own.length;
        // What the host has already: the client sends from the beginning, which costs it nothing but the way to us.
        const fresh = own.subarray(Math.min(skip, own.length));
        skip -= own.length - fresh.length;
        if (fresh.length > 0 && !hasEnded && !process.write(Buffer.from(fresh)))
          await new Promise<void>((resolve) => (wake = resolve));
        if (left === 0) process.endInput();
      });
      if (left === 0) process.endInput();
      for (let event = first; ; event = await output.event()) {
        if (event.event !== 'published') continue;
        const manifest = await this.#published(link, input.id, event.manifest);
        // The host has had it under this id: then it is whose its manifest says.
        if (directory.ownerOfFound({ id: manifest.id, manifest }) !== userId)
          throw new BerthError('not-found', 'There is no such snapshot.');
        await directory.put({
          id: manifest.id,
          hostId: link.hostId,
          manifest,
          marks: {},
          diskBytes: manifest.archive.bytes,
        });
        break;
      }
      void directory.refresh(link.hostId);
    } finally {
      signal.removeEventListener('abort', onAbort);
      process.release();
    }
  }

  /** What a file says of itself is checked only here: one that says nonsense is no snapshot. */
  async #published(link: ReadyLink, id: SnapshotId, manifest: unknown): Promise<Manifest> {
    const parsed = Manifest.safeParse(manifest);
    if (parsed.success) return parsed.data;
    await removeSnapshots({ operationId: this.#deps.random.id('op') as OperationId, log: () => {} }, link, [
      id,
    ]);
    throw new BerthError(
      'snapshot.unsafe-archive',
      'What the archive says of its workspace is not what Berth writes. Import it with an image of your choice.',
      { cause: parsed.error },
    );
  }

  #aboutImport(input: ParsedInputOf<'snapshots.import'>, userId: UserId): SnapshotAbout {
    const { workspaces, random } = this.#deps;
    const shared = {
      ownerId: userId,
      name: input.name,
      note: '',
      reason: 'import',
      consistency: 'stopped',
      hadHooks: false,
      repositoryId: null,
    } as const;
    if (input.workspaceId !== null) {
      const record = workspaces.require(input.workspaceId);
      if (record.hostId !== input.hostId)
        throw new BerthError(
          'conflict',
          `“${record.name}” is on another host. Choose that host, or no workspace.`,
        );
      return {
        ...shared,
        workspaceId: record.id,
        workspaceName: record.name,
        projectId: record.projectId,
        definition: record.definition,
        imageDigest: record.imageDigest,
      };
    }
    return {
      ...shared,
      // Of no workspace that there is: one can be made of it.
      workspaceId: random.id('ws') as SnapshotAbout['workspaceId'],
      workspaceName: input.name,
      projectId: null,
      definition: {
        ...projectDefaults,
        environment: [],
        name: input.name,
        // Without one the archive itself says it, if Berth exported it; else the import is refused.
        image: input.image ?? 'of-the-archive',
        mountPoint: input.mountPoint ?? projectDefaults.mountPoint,
      },
      imageDigest: null,
    };
  }
}
