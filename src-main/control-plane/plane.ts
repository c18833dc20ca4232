/** The control plane as its carriers see it: what compose.ts builds, and what the window, the server and tests hold. */
import type { Readable } from 'node:stream';
import type { Connection } from '#contract/frame.ts';
import type { AccountDoor } from './account-door.ts';
import type { Caller, GuestDoor } from './caller.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AppDoor } from './forwards/app-door.ts';
import type { Handlers } from './handler.ts';
import type { WakeReason } from './hosts/wake-rounds.ts';
import type { PlaneHealth } from './health.ts';
import type { KeptReply } from './interfaces/kept-reply.ts';
import type { Log } from './interfaces/log.ts';
import type { RecordCollection } from './interfaces/record-store.ts';
import type { OperatorDoor } from './workspaces/operator-removal.ts';

export interface Plane {
  readonly handlers: Handlers;
  readonly dispatcher: Dispatcher;
  readonly log: Log;
  readonly guests: GuestDoor;
  readonly apps: AppDoor;
  readonly operator: OperatorDoor;
  /** For whoever asks, so without a name. Never throws. */
  health(): Promise<PlaneHealth>;
  readonly accounts: AccountDoor;
  /**
   * 32 bytes that come from the server's secret key, for one purpose, as `access-token`: the same after a restart, and
   * different for each purpose.
   */
  deriveKey(purpose: string): Uint8Array;
  /** For the carrier whose requests may come twice. */
  readonly keptReplies: RecordCollection<KeptReply>;
  /** Serves one connection until it closes. The caller was decided by whoever accepted it. */
  serve(connection: Connection, caller: Caller): void;
  /** A backup of everything that it knows, as `berth backup` writes it. */
  backUp(): Promise<Readable>;
  /** Told by the system around it that the computer woke: see HostService. */
  wake(reason: WakeReason): void;
  /** Ends connections, then services, then adapters. */
  close(): Promise<void>;
}
