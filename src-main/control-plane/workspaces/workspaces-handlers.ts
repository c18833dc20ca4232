/** Contract line → service call. */
import type { AccessPassword } from '#contract/projects.ts';
import type { AccessHandlers, HandlersOf } from '../handler.ts';
import { Secret } from '../interfaces/secret.ts';
import type { FirstWorkspace } from './first-workspace.ts';
import type { PasswordWish } from './access-password.ts';
import type { Ownership } from '../ownership.ts';
import type { WorkspaceService } from './workspace-service.ts';
import type { MovesService } from '../snapshots/moves-service.ts';

export function workspacesHandlers(
  workspaces: WorkspaceService,
  { moves, first }: { readonly moves: MovesService; readonly first: FirstWorkspace },
  ownership: Ownership,
): Omit<HandlersOf<'workspaces'>, keyof AccessHandlers> {
  return {
    'workspaces.watch': (_input, { caller, signal }) => workspaces.watch(signal, ownership.shownTo(caller)),
    'workspaces.create': (wish, { caller }) =>
      workspaces.create({ ...wish, accessPassword: secretWish(wish.accessPassword) }, caller.userId),
    'workspaces.ensure': (wish, context) =>
      first.ensure({ ...wish, accessPassword: secretWish(wish.accessPassword) }, context),
    'workspaces.revealPassword': ({ id }) => workspaces.passwords.reveal(id),
    'workspaces.changePassword': ({ id, value, ...how }) =>
      workspaces.passwords.change(id, { ...how, value: value === null ? null : new Secret(value) }),
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
      volumes: await workspaces.keptVolumes.list(hostId, caller.userId, signal),
    }),
    'workspaces.destroyVolume': ({ hostId, name }, { caller }) =>
      workspaces.destroyVolume(hostId, name, caller.userId),
  };
}

/** The password becomes unprintable here, at the door. */
function secretWish(wish: (AccessPassword & { readonly value: string | null }) | null): PasswordWish | null {
  return wish === null ? null : { ...wish, value: wish.value === null ? null : new Secret(wish.value) };
}
