/** The socket of the window and of programs that speak its protocol: for who is known, and for guests of one terminal. */
import type { WebSocket } from 'ws';
import type { Connection } from '#contract/frame.ts';
import type { ShareId } from '#contract/ids.ts';
import type { Caller, GuestDoor } from '../control-plane/caller.ts';
import type { GuestEntry } from './guest-entry.ts';
import type { UpgradeRoute } from './upgrades.ts';
import { maxMessageBytes, socketPath, socketProtocol, webSocketConnection } from './websocket-connection.ts';

/** Bytes of one message of a guest: what the flow control lets it send at once, and some. */
const maxGuestMessageBytes = 512 * 1024;
/** Milliseconds in which a guest may still be told why it is let go. */
const farewellMs = 500;
const policyViolation = 1008;

export interface PlaneSocketOptions {
  readonly serve: (connection: Connection, caller: Caller) => void;
  /** Absent where nothing is ever shared. */
  readonly guests: { readonly door: GuestDoor; readonly entry: GuestEntry } | undefined;
}

export function planeSocket({ serve, guests }: PlaneSocketOptions): UpgradeRoute {
  function acceptGuest(shareId: ShareId, socket: WebSocket): void {
    try {
      // Its streams end by themselves; the socket follows when their last words are out.
      const onEnd = () => void setTimeout(() => socket.close(policyViolation, 'ended'), farewellMs).unref();
      const entered = guests?.door.admit(shareId, onEnd);
      if (entered === undefined) throw new TypeError('a share without a door');
      socket.on('close', () => entered.leave());
      serve(webSocketConnection(socket), entered.caller);
    } catch {
      // It ended, or the last place was taken, between the ticket and here.
      socket.close(policyViolation);
    }
  }

  return {
    match: (path) => path === socketPath,
    ways: ['bearer', 'protocol-ticket'],
    protocol: socketProtocol,
    hasQuery: false,
    maxMessageBytes,
    open:
      ({ identity }) =>
      (socket) =>
        serve(webSocketConnection(socket), identity.caller),
    redeemOther(ticket) {
      const shareId = guests?.entry.redeemSocketTicket(ticket);
      return shareId === undefined ? undefined : (socket) => acceptGuest(shareId, socket);
    },
    maxOtherMessageBytes: maxGuestMessageBytes,
  };
}
