/**
 * Volumes without a workspace: whose they are, by their label, for they have no record; and whether they are free. What is
 * somebody else's is not there, whatever it is used by.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, UserId } from '#contract/ids.ts';
import type { KeptVolume } from '#contract/workspaces.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { ContainerEngine, VolumeSummary } from '../interfaces/container-engine.ts';
import { label } from './labels.ts';
import type { WorkspaceDirectory } from './workspace-directory.ts';
import { requireUnused, volumeInUse } from './workspace-operations.ts';
import { readLabels } from './workspace-spec.ts';

export interface KeptVolumesDeps {
  readonly directory: WorkspaceDirectory;
  readonly links: HostLinks;
  /** Volumes from before restores. */
  readonly volumesBefore: (hostId: HostId) => readonly string[];
  readonly ownerOfLabel: (told: string | undefined) => UserId;
}

/** Sizes are read by walking the files: a host that takes longer over it shall not hold up the answer. */
const sizesTimeoutMs = 10_000;

export class KeptVolumes {
  readonly #deps: KeptVolumesDeps;

  constructor(deps: KeptVolumesDeps) {
    this.#deps = deps;
  }

  async list(hostId: HostId, userId: UserId, signal: AbortSignal): Promise<KeptVolume[]> {
    const { directory, links, volumesBefore } = this.#deps;
    const { engine } = links.requireEngine(hostId);
    const used = new Set([
      ...directory.onHost(hostId).map((record) => record.volumeName),
      ...volumesBefore(hostId),
    ]);
    const volumes = (await this.#ofOwner(engine, userId, signal)).filter(({ name }) => !used.has(name));
    if (volumes.length === 0) return [];
    const sizes = await engine
      .volumeSizes(
        volumes.map(({ name }) => name),
        AbortSignal.any([signal, AbortSignal.timeout(sizesTimeoutMs)]),
      )
      .catch(() => new Map<string, number>());
    return volumes.map(({ name, labels, createdAt }) => ({
      name,
      hostId,
      workspaceName: labels[label.name] ?? name,
      createdAt: instantOrNull(createdAt),
      sizeBytes: sizes.get(name) ?? null,
    }));
  }

  /** Throws not-found, workspace.volume-in-use. */
  async requireDestroyable(hostId: HostId, name: string, userId: UserId): Promise<void> {
    const { engine } = this.#deps.links.requireEngine(hostId);
    if (!(await this.#has(engine, name, userId)))
      throw new BerthError('not-found', 'There is no such volume of Berth on this host.');
    this.#requireUnused(hostId, name);
  }

  /** For a new workspace. Throws invalid-input, workspace.volume-in-use. */
  async requireUsable(hostId: HostId, name: string, userId: UserId): Promise<void> {
    const { engine } = this.#deps.links.requireEngine(hostId);
    if (!(await this.#has(engine, name, userId)))
      throw new BerthError('invalid-input', 'Not valid: volumeName: must be a kept volume of this host.', {
        details: { fields: ['volumeName: must be a kept volume of this host'] },
      });
    this.#requireUnused(hostId, name);
    for (const container of await engine.listContainers({ [label.managed]: '1' })) {
      const user = readLabels(container);
      if (user?.volumeName !== name) continue;
      const isOwn = this.#deps.ownerOfLabel(user.ownerId ?? undefined) === userId;
      throw volumeInUse(name, isOwn ? `the workspace “${user.name}”` : 'a container');
    }
  }

  #requireUnused(hostId: HostId, name: string): void {
    const { directory, volumesBefore } = this.#deps;
    requireUnused(directory, hostId, name);
    if (volumesBefore(hostId).includes(name))
      throw volumeInUse(name, 'a restore that can still be taken back');
  }

  async #has(engine: ContainerEngine, name: string, userId: UserId): Promise<boolean> {
    return (await this.#ofOwner(engine, userId)).some((volume) => volume.name === name);
  }

  async #ofOwner(engine: ContainerEngine, userId: UserId, signal?: AbortSignal): Promise<VolumeSummary[]> {
    const volumes = await engine.listVolumes({ [label.managed]: '1' }, signal);
    return volumes.filter(({ labels }) => this.#deps.ownerOfLabel(labels[label.owner]) === userId);
  }
}

function instantOrNull(text: string | null): string | null {
  const atMs = Date.parse(text ?? '');
  return Number.isNaN(atMs) ? null : new Date(atMs).toISOString();
}
