/** Contract line → service call. */
import type { AccessHandlers, HandlersOf } from '../handler.ts';
import type { Ownership } from '../ownership.ts';
import type { WorkspaceService } from './workspace-service.ts';
import type { MovesService } from '../snapshots/moves-service.ts';

export function workspacesHandlers(
  workspaces: WorkspaceService,
  moves: MovesService,
  ownership: Ownership,
): Omit<HandlersOf<'workspaces'>, keyof AccessHandlers> {
  return {
    'workspaces.watch': (_input, { caller, signal }) => workspaces.watch(signal, ownership.shownTo(caller)),
    'workspaces.create': (wish, { caller }) => workspaces.create(wish, caller.userId),
    'workspaces.fork': ({ snapshotId, name, hostId }, { caller }) =>
      moves.fork(snapshotId, { name, hostId }, caller.userId),
    'workspaces.move': ({ id, hostId }, { caller }) => moves.move(id, hostId, caller.userId),
    'workspaces.confirmMove': ({ id }, { caller }) => moves.confirmMove(id, caller.userId),
    'workspaces.cancelMove': ({ id }, { caller }) => moves.cancelMove(id, caller.userId),
    'workspaces.start': ({ id }, { caller }) => workspaces.startWorkspace(id, caller.userId),
    'workspaces.stop': ({ id }, { caller }) => workspaces.stopWorkspace(id, caller.userId),
    'workspaces.restart': ({ id }, { caller }) => workspaces.restartWorkspace(id, caller.userId),
    'workspaces.rename': ({ id, name }) => workspaces.rename(id, name),
    'workspaces.destroyPlan': ({ id, keepVolume }) => workspaces.destroyPlan(id, keepVolume),
    'workspaces.destroy': ({ id, keepVolume }, { caller }) =>
      workspaces.destroyWorkspace(id, keepVolume, caller.userId),
    'workspaces.forget': async ({ id }) => {
      await workspaces.forget(id);
      return {};
    },
    'workspaces.stats': ({ id }, { signal }) => workspaces.stats(id, signal),
    'workspaces.logs': ({ id, ...which }, channel, { signal }) => workspaces.logs(id, which, channel, signal),
    'workspaces.keptVolumes': async ({ hostId }, { caller, signal }) => ({
      volumes: await workspaces.keptVolumes(hostId, caller.userId, signal),
    }),
    'workspaces.destroyVolume': ({ hostId, name }, { caller }) =>
      workspaces.destroyVolume(hostId, name, caller.userId),
  };
}
