/**
 * Accounts as the server sees them: who may come in, and as whom. Implemented by the users' services; knows no HTTP, no
 * cookies and no JWT. Tokens, links and passwords are secrets: no log and no error holds one.
 */
import type { SessionId, UserId } from '#contract/ids.ts';
import type { AuditEntry } from '#contract/users.ts';
import type { Caller } from './caller.ts';

/** Where a request comes from. */
export interface RequestOrigin {
  /** The client's address; null on this computer's private socket. */
  readonly address: string | null;
  /** What it says of itself, at most 200 characters. */
  readonly agent: string;
}

export interface OpenedSession {
  readonly id: SessionId;
  readonly userId: UserId;
  /** The cookie's value or the refresh token; told this once, kept as a hash. */
  readonly token: string;
  readonly endsAtMs: number;
}

/** What an identity provider vouches for, after its token was checked. */
export interface ProviderIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly isEmailVerified: boolean;
  readonly name: string | null;
}

/**
 * What these methods do is in the audit log already: nobody who calls them writes it down again. Each takes care itself
 * that the answer, and how long it takes, tells nothing of who has an account.
 * Throws, beside what the methods say: too-many (after several wrong tries for one account; the pause grows), and
 * store.unwritable.
 */
export interface AccountDoor {
  /** Whether a stranger may make an account. */
  readonly isRegistrationOpen: boolean;
  /** Whether the local owner has an address to sign in with; until then only the one-time link does. */
  readonly isOwnerSetUp: boolean;

  /**
   * Answers alike, and takes alike long, whether or not the address has an account; whoever has one is told by e-mail.
   * `isOwnerSetUp`: came with the one-time link, so it becomes the account of the local owner, at once.
   * Throws account.registration-closed, account.password-unfit, account.mail-unavailable; with `isOwnerSetUp` also
   * conflict (there is an address already) and user.email-taken.
   */
  register(
    wish: { email: string; password: string; name: string | null; isOwnerSetUp: boolean },
    origin: RequestOrigin,
  ): Promise<void>;
  /** Throws account.link-expired. Opens no session: a mail scanner must not sign anybody in. */
  verify(token: string, origin: RequestOrigin): Promise<void>;
  /** Sends the link of the registration again. Answers alike for every address. */
  resend(email: string, origin: RequestOrigin): Promise<void>;
  requestReset(email: string, origin: RequestOrigin): Promise<void>;
  /** Also how somebody invited chooses the first password. Ends all sessions. Throws account.link-expired, account.password-unfit. */
  reset(token: string, password: string, origin: RequestOrigin): Promise<void>;

  /** Throws account.sign-in-failed (alike for all reasons), account.second-factor-needed (only after a right password). */
  signIn(
    typed: { email: string; password: string; code: string | null },
    origin: RequestOrigin,
  ): Promise<UserId>;
  /** Finds or, where that is allowed, makes the account of an identity. Throws account.provider-refused. */
  signInWithProvider(identity: ProviderIdentity, origin: RequestOrigin): Promise<UserId>;

  openSession(userId: UserId, kind: 'browser' | 'token', origin: RequestOrigin): Promise<OpenedSession>;
  /** The live session of a browser's cookie; `address`: where it comes from now. Cheap: from memory. */
  sessionOf(
    cookieValue: string,
    address?: string | null,
  ): { readonly id: SessionId; readonly caller: Caller } | undefined;
  /** A new refresh token for an old one. One that was used before ends its whole session. Throws not-signed-in. */
  refresh(refreshToken: string, origin: RequestOrigin): Promise<OpenedSession>;
  /** For access tokens: who the session's person is now, while it lives. Cheap: from memory. */
  callerOfSession(id: SessionId, address: string | null): Caller | undefined;
  callerOfApiKey(key: string, address: string | null): Caller | undefined;
  /** For identity providers' own tokens; undefined where the account is disabled or gone. */
  callerOfUser(userId: UserId, address: string | null): Caller | undefined;
  endSession(id: SessionId): Promise<void>;
  /** Told of each session that ends, however it ends, so that its sockets can be closed. Returns what takes it back. */
  onSessionEnd(listener: (id: SessionId) => void): () => void;
  /**
   * Told of a person whose rights changed or ended, or of whom a key ended: whatever is open in their name (sockets of
   * browsers, tokens and keys) has a caller with the rights of before, and is closed. They come again as what they are.
   */
  onAccessChange(listener: (userId: UserId) => void): () => void;

  /**
   * Where the links of e-mails lead: `https://name[:port]` or `http://127.0.0.1:7474`, without a slash at the end. Until
   * it is told, e-mails wait.
   */
  setLinkBase(origin: string): void;

  /** Writes down what is no call of the contract, as `account.sign-in`. Never waits. */
  audit(entry: Omit<AuditEntry, 'number' | 'at' | 'userName'>): void;
}
