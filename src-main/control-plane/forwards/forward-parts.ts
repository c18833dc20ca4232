/**
 * The services of ports, forwards and apps, built in dependency order. Guarantees: nothing listens before `start`, and
 * nothing does after `close`.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { PortNumber } from '#contract/hosts.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import { Collection } from '../changes.ts';
import type { HandlersOf } from '../handler.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { LocalNetwork } from '../interfaces/local-network.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import type { Ownership } from '../ownership.ts';
import type { WorkspaceService } from '../workspaces/workspace-service.ts';
import type { AppDoor } from './app-door.ts';
import type { DialService } from './dial-service.ts';

export interface ForwardPartsDeps {
  readonly store: RecordStore;
  readonly links: HostLinks;
  readonly workspaces: WorkspaceService;
  readonly dials: DialService;
  readonly ownership: Ownership;
  readonly localNetwork: LocalNetwork;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A connection through a forward or a dial that is open now. */
export interface OpenConnection {
  /** In the workspace; of a socks forward the port that was asked for. */
  readonly port: ReturnType<typeof PortNumber.parse>;
  /** Bytes both ways since it was opened. */
  readonly bytes: number;
}

export interface ForwardParts {
  readonly apps: AppDoor;
  readonly handlers: HandlersOf<'forwards'>;
  readonly ownerOf: (id: string) => import('#contract/ids.ts').UserId | undefined;
  connectionsInto(id: WorkspaceId): readonly OpenConnection[];
  load(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export function createForwardParts(_deps: ForwardPartsDeps): ForwardParts {
  return {
    apps: { find: () => undefined, onChange: () => () => {}, setCarrier: () => {} },
    ownerOf: () => undefined,
    connectionsInto: () => [],
    handlers: {
      'forwards.watch': (_input, { signal }) => new Collection<never>().watch(signal),
      'forwards.ports': (_input, { signal }) => new Collection<never>().watch(signal),
      'forwards.rules': (_input, { signal }) => new Collection<never>().watch(signal),
      'forwards.setRules': notYet,
      'forwards.create': notYet,
      'forwards.edit': notYet,
      'forwards.start': notYet,
      'forwards.stop': notYet,
      'forwards.restart': notYet,
      'forwards.remove': notYet,
      'forwards.open': notYet,
      'forwards.openPort': notYet,
      'forwards.probe': notYet,
    },
    load: async () => {},
    start: () => {},
    close: async () => {},
  };
}

function notYet(): never {
  throw new BerthError('internal', 'not there yet');
}
