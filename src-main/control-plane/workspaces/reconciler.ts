/**
 * Holds wish and truth together on all hosts: one watch per link that is ready. Adopts workspaces that Berth does not
 * know, also into an empty database, together with their project.
 */
import type { HostId, ProjectId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { ProjectDefinition } from '#contract/projects.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import { HostWatch, type HostWatchDeps } from './host-watch.ts';
import type { WorkspaceRecord } from './workspace.ts';
import type { LabelledWorkspace } from './workspace-spec.ts';

export interface ReconcilerDeps extends Omit<HostWatchDeps, 'adopt' | 'links'> {
  readonly links: HostLinks;
  /** Makes sure that its owner has a project of this id, of the definition; false where the id is somebody else's. */
  readonly adoptProject: (id: ProjectId, definition: ProjectDefinition, ownerId: UserId) => Promise<boolean>;
  /** Whose a thing is that carries this owner. */
  readonly ownerOfLabel: (told: string | undefined) => UserId;
}

export class Reconciler {
  readonly #deps: ReconcilerDeps;
  readonly #watches = new Map<HostId, { watch: HostWatch; done: Promise<void> }>();
  readonly #stops: (() => void)[] = [];

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { links, directory, log } = this.#deps;
    this.#stops.push(
      links.onReady((link) => {
        if (link.engine === undefined) return;
        this.#watches.get(link.hostId)?.watch.stop();
        const watch = new HostWatch(link, link.engine, {
          ...this.#deps,
          adopt: (hostId, found, isUp) => this.#adopt(hostId, found, isUp),
        });
        const done = watch.run().finally(() => {
          if (this.#watches.get(link.hostId)?.watch === watch) this.#watches.delete(link.hostId);
        });
        this.#watches.set(link.hostId, { watch, done });
      }),
      // Berth forgets a host with its workspaces; added again, it tells of them by their labels.
      links.onRemoved((hostId) => {
        for (const { id } of directory.onHost(hostId))
          directory.remove(id).catch((cause: unknown) => {
            log.error('the record of a workspace could not be removed', { workspaceId: id, cause });
          });
      }),
    );
  }

  /** Looks at one workspace anew, if its host is there. */
  async examine(id: WorkspaceId): Promise<void> {
    const hostId = this.#deps.directory.record(id)?.hostId;
    if (hostId === undefined) return;
    await this.#watches.get(hostId)?.watch.examine(id);
  }

  /** Resolves when the watches have ended. */
  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    for (const { watch } of this.#watches.values()) watch.stop();
    await Promise.all([...this.#watches.values()].map(({ done }) => done));
  }

  async #adopt(hostId: HostId, found: LabelledWorkspace, isUp: boolean): Promise<void> {
    const { directory, log } = this.#deps;
    const { definition } = found;
    const ownerId = this.#deps.ownerOfLabel(found.ownerId ?? undefined);
    const isOwnProject =
      found.projectId !== null && (await this.#deps.adoptProject(found.projectId, definition, ownerId));
    const projectId = isOwnProject ? found.projectId : null;
    const record: WorkspaceRecord = {
      id: found.id,
      name: directory.freeName({ hostId, ownerId }, found.name),
      ownerId,
      projectId,
      hostId,
      definition,
      imageDigest: null,
      desired: isUp ? 'running' : 'stopped',
      lastKnown: null,
      problem: null,
      volumeName: found.volumeName,
      createdAt: found.createdAt,
      isAdopted: true,
      isMade: true,
      hasGivenUp: false,
      pausedBy: null,
      accessPassword: null,
      move: null,
      noteStartedAt: null,
    };
    await directory.add(record);
    log.info('adopted a workspace that was found on its host', { workspaceId: found.id, hostId });
  }
}
