/** Who is calling: decided when the connection opened, never by a field of a message. */
import type { SessionId, ShareId, UserId } from '#contract/ids.ts';
import type { Scope } from '#contract/scopes.ts';

export interface Caller {
  readonly userId: UserId;
  readonly userName: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly mode: 'desktop' | 'served';
  /** How it came in. Absent: on this computer, as the window and the private socket do. */
  readonly access?: Access;
  /**
   * Set for whoever came by a link to one terminal. Such a caller has no scopes: the dispatcher gives it the guests'
   * handlers in place of the usual ones, and nothing that is not among them exists for it.
   */
  readonly guest?: Guest;
}

export interface Access {
  readonly by: 'browser' | 'token' | 'api-key';
  /** Of a browser or a token. */
  readonly sessionId: SessionId | null;
  /** Of the client; null where it is not known. */
  readonly address: string | null;
}

/** One connection of a guest. Its identity is what counts: only who made it knows what stands behind it. */
export interface Guest {
  readonly shareId: ShareId;
}

/** The way in for guests, as the server sees it. Tokens are secrets: no log and no error holds one. */
export interface GuestDoor {
  /** What a token opens. An unknown, an expired and a revoked one are told apart by nobody. @throws BerthError not-found */
  enter(token: string): { readonly shareId: ShareId; readonly lastsMs: number };
  /**
   * A caller for one connection; `onEnd` is called when the share ends and the connection with it. Call `leave` when the
   * connection is gone. @throws BerthError not-found, too-many
   */
  admit(shareId: ShareId, onEnd: () => void): { readonly caller: Caller; readonly leave: () => void };
}
