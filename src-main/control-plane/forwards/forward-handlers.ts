/** Contract line → service call. */
import type { WorkspaceId } from '#contract/ids.ts';
import type { PortProtocol } from '#contract/projects.ts';
import type { HandlersOf } from '../handler.ts';
import type { Ownership } from '../ownership.ts';
import type { Apps } from './apps.ts';
import type { ForwardDirectory } from './forward-directory.ts';
import type { ForwardRulesService } from './forward-rules.ts';
import type { ForwardService } from './forward-service.ts';
import type { PortWatch } from './port-watch.ts';

export interface ForwardHandlersDeps {
  readonly directory: ForwardDirectory;
  readonly forwards: ForwardService;
  readonly apps: Apps;
  readonly rules: ForwardRulesService;
  readonly ports: PortWatch;
  readonly probe: (id: WorkspaceId, port: number) => Promise<PortProtocol>;
  readonly ownership: Ownership;
}

export function forwardHandlers(deps: ForwardHandlersDeps): HandlersOf<'forwards'> {
  const { directory, forwards, apps, rules, ports, probe, ownership } = deps;
  return {
    'forwards.watch': (_input, { caller, signal }) =>
      directory.collection.watch(signal, ownership.shownTo(caller)),
    'forwards.ports': (_input, { caller, signal }) => ports.watch(signal, ownership.shownTo(caller)),
    'forwards.rules': (_input, { caller, signal }) =>
      rules.collection.watch(signal, ownership.shownTo(caller)),
    'forwards.setRules': async ({ workspaceId, ...wish }) => {
      const set = await rules.set({ ...wish, id: workspaceId });
      ports.lookAtAll();
      return set;
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
