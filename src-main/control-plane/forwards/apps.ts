/**
 * Web apps of workspaces, behind the door that their carrier asks. Guarantees that a label leads to one app for as long as
 * its forward is there, and that a link is made in the name of whoever asked for it, for as long as they may ask.
 */
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { ForwardId } from '#contract/ids.ts';
import type { AccountDoor } from '../account-door.ts';
import type { Caller } from '../caller.ts';
import type { Log } from '../interfaces/log.ts';
import { Secret } from '../interfaces/secret.ts';
import type { WorkspaceService } from '../workspaces/workspace-service.ts';
import type { AppAdmissions, AppCarrier, AppDoor, AppTarget, AppVisitor } from './app-door.ts';
import type { DialService } from './dial-service.ts';
import { type ForwardRecord, portOf, titleOf } from './forward.ts';
import type { ForwardDirectory } from './forward-directory.ts';
import { duplexOver } from './relayed-duplex.ts';

export interface AppsDeps {
  readonly directory: ForwardDirectory;
  readonly workspaces: Pick<WorkspaceService, 'directory' | 'passwords'>;
  readonly dials: Pick<DialService, 'open'>;
  readonly accounts: Pick<AccountDoor, 'callerOfSession' | 'callerOfUser'>;
  readonly admissions: AppAdmissions;
  readonly log: Log;
}

export class Apps implements AppDoor {
  readonly #deps: AppsDeps;
  readonly #listeners = new Set<(label: string) => void>();
  #carrier: AppCarrier | undefined;

  constructor(deps: AppsDeps) {
    this.#deps = deps;
  }

  find(label: string): AppTarget | undefined {
    const record = this.#deps.directory.byLabel(label);
    const workspace = record && this.#deps.workspaces.directory.record(record.workspaceId);
    if (record === undefined || workspace === undefined) return undefined;
    const { id, workspaceId, protocol, hostHeader, path, login, isWanted } = record;
    const port = portOf(record);
    return {
      forwardId: id,
      workspaceId,
      workspaceName: workspace.name,
      ownerId: workspace.ownerId,
      port,
      protocol,
      hostHeader,
      path,
      login,
      isWanted,
      password: () => this.#passwordOf(record),
      connect: (signal) => this.#connect(record, signal),
    };
  }

  get admissions(): AppAdmissions {
    return this.#deps.admissions;
  }

  isStillThere({ userId, access }: AppVisitor): boolean {
    // At this computer, as the window is.
    if (access === null) return true;
    const { accounts } = this.#deps;
    const { sessionId, address } = access;
    const now =
      sessionId === null
        ? accounts.callerOfUser(userId, address)
        : accounts.callerOfSession(sessionId, address);
    return now !== undefined && now.userId === userId && now.scopes.has('workspaces.write');
  }

  onChange(listener: (label: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  setCarrier(carrier: AppCarrier): void {
    this.#carrier = carrier;
    for (const { id } of this.#deps.directory.all()) void this.settle(id);
  }

  /** Who is in the app is judged again. */
  changed({ label }: ForwardRecord): void {
    if (label !== null) for (const listener of [...this.#listeners]) listener(label);
  }
  allChanged(): void {
    for (const record of this.#deps.directory.all()) this.changed(record);
  }

  /** Asks the carrier for the app's address, where it is wanted. Never throws: why there is none is the forward's problem. */
  async settle(id: ForwardId): Promise<void> {
    const { directory, log } = this.#deps;
    const record = directory.find(id);
    if (record?.label == null || !record.isWanted || this.#carrier === undefined) return;
    try {
      directory.setOrigin(id, await this.#carrier.originOf(record.label));
      directory.setProblem(id, null);
    } catch (cause) {
      log.warn('a web app got no address', { forwardId: id, cause });
      directory.setOrigin(id, null);
      directory.setProblem(id, BerthError.is(cause) ? cause.toShape() : noAddress().toShape());
    }
  }

  /** Throws conflict, app.no-address. */
  async open(
    id: ForwardId,
    shownIn: 'browser' | 'frame',
    caller: Caller,
  ): Promise<{ url: string; expiresAtMs: number }> {
    const record = this.#deps.directory.require(id);
    const { label, path, protocol, isWanted } = record;
    if (label === null)
      throw new BerthError('conflict', `“${titleOf(record)}” is no web app, so that no browser opens it.`);
    if (protocol === 'vnc')
      throw new BerthError('conflict', 'This is a screen: open it in a tab of the window.');
    if (!isWanted) throw new BerthError('conflict', `“${titleOf(record)}” was stopped. Start it first.`);
    if (this.#carrier === undefined) throw noAddress();
    return await this.#carrier.createLink({ label, path, visitor: visitorOf(caller), shownIn });
  }

  async #connect({ id, workspaceId, port }: ForwardRecord, signal?: AbortSignal): Promise<Duplex> {
    const { dials, directory } = this.#deps;
    const connection = await dials.open(
      workspaceId,
      { port: portOf({ port }) },
      { meter: directory.trafficOf(id), ...(signal === undefined ? {} : { signal }) },
    );
    return duplexOver(connection);
  }

  async #passwordOf({ workspaceId }: ForwardRecord): Promise<Secret | null> {
    const { directory, passwords } = this.#deps.workspaces;
    if (directory.record(workspaceId)?.accessPassword == null) return null;
    return new Secret((await passwords.reveal(workspaceId)).password);
  }
}

function visitorOf({ userId, access }: Caller): AppVisitor {
  if (access === undefined) return { userId, access: null };
  const { sessionId, address } = access;
  return { userId, access: { sessionId, address } };
}

function noAddress(): BerthError {
  return new BerthError(
    'app.no-address',
    'This Berth gives web apps no address. Forward the port over TCP, or start Berth with its web apps switched on.',
  );
}
