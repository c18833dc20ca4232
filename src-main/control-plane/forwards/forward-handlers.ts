/** Contract line → service call. */
import type { WorkspaceId } from '#contract/ids.ts';
import type { PortProtocol } from '#contract/projects.ts';
import { Collection } from '../changes.ts';
import type { HandlersOf } from '../handler.ts';
import type { Ownership } from '../ownership.ts';
import type { Apps } from './apps.ts';
import type { ForwardDirectory } from './forward-directory.ts';
import type { ForwardService } from './forward-service.ts';

export interface ForwardHandlersDeps {
  readonly directory: ForwardDirectory;
  readonly forwards: ForwardService;
  readonly apps: Apps;
  readonly probe: (id: WorkspaceId, port: number) => Promise<PortProtocol>;
  readonly ownership: Ownership;
}

export function forwardHandlers(deps: ForwardHandlersDeps): HandlersOf<'forwards'> {
  const { directory, forwards, apps, probe, ownership } = deps;
  return {
    'forwards.watch': (_input, { caller, signal }) =>
      directory.collection.watch(signal, ownership.shownTo(caller)),
    'forwards.ports': (_input, { signal }) => new Collection<never>().watch(signal),
    'forwards.rules': (_input, { signal }) => new Collection<never>().watch(signal),
    'forwards.setRules': () => {
      throw new Error('later');
    },
    'forwards.create': (wish) => forwards.create(wish),
    'forwards.edit': (wish) => forwards.edit(wish),
    'forwards.start': ({ id }) => forwards.startForward(id),
    'forwards.stop': ({ id }) => forwards.stopForward(id),
    'forwards.restart': ({ id }) => forwards.restartForward(id),
    'forwards.remove': async ({ id }) => {
      await forwards.remove(id);
      return {};
    },
    'forwards.open': async ({ id, shownIn }, { caller }) => {
      await forwards.learnProtocol(id);
      const { url, expiresAtMs } = await apps.open(id, shownIn, caller);
      return { url, expiresAt: new Date(expiresAtMs).toISOString() };
    },
    'forwards.openPort': ({ workspaceId, port }) => forwards.openPort(workspaceId, port),
    'forwards.probe': async ({ workspaceId, port }) => ({ protocol: await probe(workspaceId, port) }),
  };
}
