/**
 * Web apps of workspaces as their carrier sees them: which one a host name means, whose it is, and a way into it. The plane
 * decides and dials; the carrier speaks HTTP and keeps sessions.
 */
import type { Duplex } from 'node:stream';
import type { ForwardId, SessionId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Forward } from '#contract/forwards.ts';
import type { AppLogin, PortProtocol } from '#contract/projects.ts';
import type { Secret } from '../interfaces/secret.ts';

export interface AppTarget {
  readonly forwardId: ForwardId;
  readonly workspaceId: WorkspaceId;
  readonly workspaceName: string;
  readonly ownerId: UserId;
  readonly port: number;
  readonly protocol: PortProtocol;
  readonly hostHeader: Forward['hostHeader'];
  readonly path: string;
  readonly login: AppLogin;
  /** False: a person stopped it. */
  readonly isWanted: boolean;
  /** Null where the workspace has none. Throws credential.*. */
  password(): Promise<Secret | null>;
  /**
   * A connection to the port, counted in the forward's traffic. Throws workspace.not-running, host.not-connected,
   * connection-lost, workspace.port-refused and the like.
   */
  connect(signal?: AbortSignal): Promise<Duplex>;
}

/** Whose browser it is that was let in: whoever asked for the link. */
export interface AppVisitor {
  readonly userId: UserId;
  /** How they came in to Berth; null: at this computer, as the window is. */
  readonly access: { readonly sessionId: SessionId | null; readonly address: string | null } | null;
}

/** A browser that was let into one app. */
export interface AppAdmission {
  /** The SHA-256 of what the browser holds, in hexadecimal. */
  readonly id: string;
  readonly label: string;
  readonly shownIn: 'browser' | 'frame';
  readonly visitor: AppVisitor;
  /** Epoch milliseconds. */
  readonly usedAtMs: number;
}

/** Milliseconds after which an admission that nobody used is over. */
export const admissionIdleMs = 7 * 24 * 3_600_000;

/** They last through a restart of Berth. */
export interface AppAdmissions {
  find(id: string): AppAdmission | undefined;
  /** A new one, or one that was used again. */
  keep(admission: AppAdmission): void;
  drop(id: string): void;
}

/** How the world reaches apps. */
export interface AppCarrier {
  /** Without a path, as `http://api-server-3000.localhost:47100`. Listens, where it did not until now. */
  originOf(label: string): Promise<string>;
  /** A single-use link to `path` of an app, good for a minute. */
  createLink(wish: {
    readonly label: string;
    readonly path: string;
    readonly visitor: AppVisitor;
    readonly shownIn: 'browser' | 'frame';
  }): Promise<{ readonly url: string; readonly expiresAtMs: number }>;
}

export interface AppDoor {
  /** By the first part of a host name, as `api-server-3000`: one workspace's one port, and the same after a restart. */
  find(label: string): AppTarget | undefined;
  readonly admissions: AppAdmissions;
  /** Whether the session that asked for the link is still as good as it was. */
  isStillThere(visitor: AppVisitor): boolean;
  /** Called when an app is changed, stopped, removed, or is somebody else's now: who is in it is judged again. */
  onChange(listener: (label: string) => void): () => void;
  /** Once, at start; without one `forwards.open` throws app.no-address. */
  setCarrier(carrier: AppCarrier): void;
}
