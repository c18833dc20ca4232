/**
 * All of a person's things become another's. Who takes them is written down first; then one noun after the other. What a
 * crash or a full disk cuts off is finished at the next start.
 */
import type { UserId } from '#contract/ids.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { ForwardParts } from '../forwards/forward-parts.ts';
import type { Heirs } from '../heirs.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import type { ProjectService } from '../projects/project-service.ts';
import type { SnapshotDirectory } from '../snapshots/snapshot-directory.ts';
import type { TerminalOwners } from '../terminals/terminal-owners.ts';
import type { TerminalShares } from '../terminals/terminal-shares.ts';
import type { PersonsThings } from '../users/persons-things.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import type { QuotaService } from './quota-service.ts';

export interface TakingOverDeps {
  readonly heirs: Heirs;
  readonly operations: Pick<OperationRunner, 'takeOver' | 'requireIdle'>;
  readonly projects: Pick<ProjectService, 'takeOver'>;
  readonly workspaces: Pick<WorkspaceDirectory, 'takeOver'>;
  readonly snapshots: Pick<SnapshotDirectory, 'takeOver'>;
  readonly terminals: Pick<TerminalOwners, 'takeOver'>;
  readonly shares: Pick<TerminalShares, 'endOf'>;
  readonly forwards: Pick<ForwardParts, 'beforeHandingOver' | 'afterHandingOver'>;
  readonly quotas: QuotaService;
}

/**
 * Rules and restores that can be taken back go with their workspace, kept volumes with their label (see Heirs). The share of
 * whoever takes over is not asked: things that exist are not destroyed for it, and nothing more fits until there is room.
 */
export function createPersonsThings(deps: TakingOverDeps): PersonsThings & { finish(): Promise<void> } {
  const { heirs, operations, projects, workspaces, snapshots, terminals, shares, forwards, quotas } = deps;
  async function takeOver(from: UserId, to: UserId) {
    await operations.takeOver(from, to);
    await terminals.takeOver(from, to);
    await forwards.beforeHandingOver(from);
    const taken = {
      // Projects before what was made of them: a workspace shows the name of its owner's project.
      projects: await projects.takeOver(from, to),
      workspaces: await workspaces.takeOver(from, to),
      snapshots: await snapshots.takeOver(from, to),
    };
    forwards.afterHandingOver();
    return taken;
  }
  return {
    usageOf: (userId) => quotas.usageOf(userId),
    onUsageChange: (listener) => quotas.onUsageChange(listener),
    async takeOver(from: UserId, to: UserId) {
      operations.requireIdle(from);
      if (quotas.isHolding(from))
        throw new BerthError('conflict', 'A snapshot of this person is being imported; wait for its end.');
      await shares.endOf(from);
      await heirs.put(from, to);
      return await takeOver(from, to);
    },
    /** Once at each start, before operations go on. */
    async finish() {
      for (const { from, to } of heirs.all()) await takeOver(from, to);
    },
  };
}
