/** Contract line → service call. */
import type { AccessHandlers } from '../handler.ts';
import type { DialService } from '../forwards/dial-service.ts';
import type { WorkspaceProcesses } from './workspace-processes.ts';

export function workspaceAccessHandlers(processes: WorkspaceProcesses, dials: DialService): AccessHandlers {
  return {
    'workspaces.exec': (wish, channel, context) => processes.exec(wish, channel, context),
    'workspaces.pathKind': async ({ id, path }, context) => ({
      kind: await processes.pathKind(id, path, context),
    }),
    'workspaces.readTree': ({ id, path }, channel, context) => processes.readTree(id, path, channel, context),
    'workspaces.writeTree': ({ id, path }, channel, context) =>
      processes.writeTree(id, path, channel, context),
    'workspaces.dial': (wish, channel, context) => dials.dial(wish, channel, context),
  };
}
