/** Makes connections to this computer, and finds the engines that it has. */
import type { ConnectStep, HostCandidate, LocalDefinition } from '#contract/hosts.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { HostConnection } from '../../control-plane/interfaces/host-connection.ts';
import { LocalConnection, type LocalConnectionDeps } from './local-connection.ts';
import { engineSockets, socketState } from './local-engine-socket.ts';

export interface LocalConnector {
  /** @throws engine.unreachable, engine.permission-denied, cancelled */
  connect(
    definition: LocalDefinition,
    options: { signal: AbortSignal; onStep: (step: ConnectStep, hop: string | null) => void },
  ): Promise<HostConnection>;
  candidates(): Promise<{ candidates: HostCandidate[]; warnings: string[] }>;
}

export function createLocalConnector(deps: LocalConnectionDeps): LocalConnector {
  return {
    async connect(definition, { signal, onStep }) {
      if (signal.aborted) throw new BerthError('cancelled', 'Connecting was cancelled.');
      onStep('resolving', null);
      return new LocalConnection(definition.socketPath, deps);
    },

    async candidates() {
      const sockets = await engineSockets(deps).catch((error: unknown) =>
        error instanceof Error ? error.message : String(error),
      );
      if (typeof sockets === 'string') return { candidates: [], warnings: [sockets] };
      const found = await Promise.all(
        sockets.map(async (socket) => ({ socket, state: await socketState(socket.path) })),
      );
      const isThere = found.filter(({ state }) => state === 'answers' || state === 'denied');
      return {
        candidates: isThere.map(({ socket, state }) => ({
          source: 'engine-socket' as const,
          name: 'This computer',
          detail: `${socket.path} (${socket.source}${state === 'denied' ? ', no permission yet' : ''})`,
          definition: {
            kind: 'local' as const,
            socketPath: socket.source === 'usual place' ? socket.path : null,
          },
        })),
        warnings: [],
      };
    },
  };
}
