/**
 * What may be asked of accounts at providers, and the looks at them that go on by themselves. Guarantees: a token is tried
 * before it is kept, an account is here once, and what a token may not do or see is shown. Nothing at the provider is ever
 * changed from here.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Cloud, CloudOffer, CloudProviderInfo } from '#contract/clouds.ts';
import type { CloudId, CredentialId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { CredentialService } from '../credentials/credential-service.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { CloudClient, CloudProvider } from '../interfaces/cloud-provider.ts';
import type { Log } from '../interfaces/log.ts';
import type { NetworkWatch } from '../interfaces/network-watch.ts';
import type { Random } from '../interfaces/random.ts';
import { Secret } from '../interfaces/secret.ts';
import type { SecretStore } from '../interfaces/secret-store.ts';
import type { CloudRecord } from './cloud-account.ts';
import type { CloudAccountDirectory } from './cloud-account-directory.ts';
import { lookAtAccount } from './cloud-account-look.ts';

/** Milliseconds between two looks at an account: three requests of some thousand that a token has in an hour. */
const LOOK_EVERY_MS = 5 * 60_000;
/** Milliseconds while it cannot be reached. */
const LOOK_AGAIN_MS = 30_000;
/** Milliseconds after which a provider has counted what was made or destroyed. */
const LOOK_SOON_MS = 5_000;
/** A share of each wait that is left to chance, so that several accounts do not come at once. */
const JITTER = 0.2;
/** Milliseconds between two looks at what a token may do: more than a dozen requests, and it changes by hand alone. */
const PERMISSIONS_EVERY_MS = 60 * 60_000;
/** Percent of a budget at which it warns, until somebody says otherwise. */
const WARN_AT_PERCENT = 80;

export interface CloudAccountDeps {
  readonly directory: CloudAccountDirectory;
  readonly providers: readonly CloudProvider[];
  readonly secrets: Pick<SecretStore, 'onStatusChange'>;
  readonly credentials: CredentialService;
  readonly network: NetworkWatch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Machines of an account that Berth would lose sight of; `isUnderWay`: something works on one of them. */
  readonly machinesOf: (id: CloudId) => {
    names: readonly string[];
    /** Whose files are kept by Berth alone: without their records nobody could wake them. */
    asleep: readonly string[];
    isUnderWay: boolean;
  };
  /** Berth forgets the machines of an account; what is at the provider, and their hosts, stay. */
  readonly forgetMachines: (id: CloudId) => Promise<void>;
  /** A person asked to look at everything there anew; runs after the account itself was looked at. */
  readonly onCheck: (id: CloudId, signal: AbortSignal) => Promise<void>;
}

export class CloudAccountService {
  readonly #deps: CloudAccountDeps;
  readonly #looking = new Map<CloudId, Promise<void>>();
  readonly #timers = new Map<CloudId, { readonly dueMs: number; readonly stop: () => void }>();
  /** When permissions were last read, by the clock that never goes back. */
  readonly #permissionsMs = new Map<CloudId, number>();
  readonly #leaving = new Set<CloudId>();
  readonly #stop = new AbortController();
  readonly #ends: (() => void)[] = [];

  constructor(deps: CloudAccountDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { directory, network, secrets } = this.#deps;
    this.#ends.push(
      directory.onUnreachable((id) => this.#later(id, LOOK_AGAIN_MS)),
      network.onChange(({ isOnline }) => {
        if (isOnline) this.#lookWhere((id) => directory.stateOf(id).phase === 'unreachable');
      }),
      secrets.onStatusChange(({ state }) => {
        if (state === 'ready') this.#lookWhere((id) => this.#lacksSecret(id));
      }),
    );
    this.#lookWhere(() => true);
  }

  async close(): Promise<void> {
    this.#stop.abort(new BerthError('cancelled', 'Berth is ending.'));
    for (const end of this.#ends.splice(0)) end();
    for (const { stop } of this.#timers.values()) stop();
    await Promise.all(this.#looking.values());
  }

  providers(): CloudProviderInfo[] {
    return this.#deps.providers.map(({ info }) => info);
  }

  async connect(
    { label, provider, token: text }: ParsedInputOf<'clouds.connect'>,
    signal: AbortSignal,
  ): Promise<Cloud> {
    const { clock, credentials, directory, log, random } = this.#deps;
    const token = new Secret(text);
    const id = random.id('cloud');
    const client = directory.open(id, provider, token);
    const { permissions = [], ...look } = await lookAtAccount(client, signal);
    directory.requireUnknown(provider, look.accountKey);
    const kept = await credentials.add({ label: labelOfToken(label), kind: 'token', secret: token });
    const record: CloudRecord = {
      id,
      provider,
      label,
      tokenId: kept.id,
      ...look,
      permissions,
      budget: { monthlyUsd: null, warnAtPercent: WARN_AT_PERCENT },
      reconciledAt: null,
      addedAt: instantOf(clock),
    };
    try {
      await directory.add(record, client);
    } catch (error) {
      await credentials.remove(kept.id).catch((cause: unknown) => {
        log.warn('a token that belongs to no account stays among the credentials', { id: kept.id, cause });
      });
      throw error;
    }
    this.#permissionsMs.set(id, clock.monotonicMs());
    this.#later(id, LOOK_EVERY_MS);
    return directory.view(id);
  }

  async replaceToken(
    { id, token: text }: ParsedInputOf<'clouds.replaceToken'>,
    signal: AbortSignal,
  ): Promise<Cloud> {
    const { clock, credentials, directory } = this.#deps;
    const token = new Secret(text);
    const client = directory.open(id, directory.require(id).provider, token);
    const { permissions = [], ...look } = await lookAtAccount(client, signal);
    const record = directory.require(id);
    if (look.accountKey !== record.accountKey)
      throw new BerthError(
        'cloud.other-account',
        `This token is of ${look.owner ?? 'somebody else'}, not of ${record.owner ?? record.label}. Use a token of the same account, or connect this one as another account.`,
      );
    const isThere = credentials.get(record.tokenId) !== undefined;
    const { id: tokenId } = isThere
      ? await credentials.replace(record.tokenId, token)
      : await credentials.add({ label: labelOfToken(record.label), kind: 'token', secret: token });
    this.#permissionsMs.set(id, clock.monotonicMs());
    await directory.change(id, { ...look, permissions, tokenId });
    directory.becomesReady(id, client);
    this.#later(id, LOOK_EVERY_MS);
    return directory.view(id);
  }

  async edit({ id, label, budget }: ParsedInputOf<'clouds.edit'>): Promise<Cloud> {
    const { directory } = this.#deps;
    const record = directory.require(id);
    await directory.change(id, { label: label ?? record.label, budget: budget ?? record.budget });
    return directory.view(id);
  }

  /** Throws what the look met; the account's state says it, too. */
  async check(id: CloudId, signal: AbortSignal): Promise<Cloud> {
    const { directory, onCheck } = this.#deps;
    directory.require(id);
    // What a person asks for is looked at afresh, permissions included.
    await this.#looking.get(id);
    this.#permissionsMs.delete(id);
    await this.#look(id);
    const state = directory.stateOf(id);
    if (state.phase === 'unreachable' || state.phase === 'refused') throw BerthError.fromShape(state.error);
    directory.tellUsable(id);
    await onCheck(id, signal);
    return directory.view(id);
  }

  /** What it counts is another number by now: it is looked at in some seconds, and not only at its next turn. */
  countsAnew(id: CloudId): void {
    const { directory } = this.#deps;
    if (directory.record(id) !== undefined && directory.stateOf(id).phase === 'ready')
      this.#later(id, LOOK_SOON_MS);
  }

  /** Throws conflict while there is work on machines of it, and while there are machines unless `leavesMachines`. */
  async disconnect({ id, leavesMachines }: ParsedInputOf<'clouds.disconnect'>): Promise<void> {
    const { credentials, directory, forgetMachines, machinesOf } = this.#deps;
    const record = directory.require(id);
    const { asleep, isUnderWay, names } = machinesOf(id);
    if (isUnderWay)
      throw new BerthError(
        'conflict',
        `Something works on a machine of “${record.label}”. Wait until it has ended, or cancel it.`,
      );
    if (asleep.length > 0) throw forgetsSleepers(record.label, asleep);
    if (names.length > 0 && !leavesMachines) throw leavesBehind(record.label, names);
    this.#leaving.add(id);
    try {
      // The token first: where the keychain is closed, nothing has happened, and it can be tried again.
      if (credentials.get(record.tokenId) !== undefined) await credentials.remove(record.tokenId);
      await forgetMachines(id);
      await directory.remove(id);
    } finally {
      this.#leaving.delete(id);
    }
    this.#timers.get(id)?.stop();
    this.#timers.delete(id);
    this.#permissionsMs.delete(id);
  }

  async offer(id: CloudId, signal: AbortSignal): Promise<CloudOffer> {
    return await (await this.#deps.directory.client(id)).offer(signal);
  }

  /** Labels of the accounts whose token this is. */
  usersOf(id: CredentialId): string[] {
    return this.#deps.directory
      .records()
      .filter((record) => record.tokenId === id && !this.#leaving.has(record.id))
      .map(({ label }) => label);
  }

  // --- looking ------------------------------------------------------------------------------------------------------

  #lacksSecret(id: CloudId): boolean {
    const state = this.#deps.directory.stateOf(id);
    return state.phase === 'refused' && state.error.code.startsWith('credential.');
  }

  #lookWhere(isMeant: (id: CloudId) => boolean): void {
    for (const id of this.#deps.directory.ids()) if (isMeant(id)) void this.#look(id);
  }

  /** One at a time for an account. Never rejects. */
  #look(id: CloudId): Promise<void> {
    const { directory, log } = this.#deps;
    if (this.#stop.signal.aborted) return Promise.resolve();
    const present = this.#looking.get(id);
    if (present !== undefined) return present;
    const look = this.#lookOnce(id)
      .catch((cause: unknown) => log.error('an account could not be looked at', { id, cause }))
      .finally(() => {
        this.#looking.delete(id);
        if (directory.record(id) === undefined) return;
        const isAway = directory.stateOf(id).phase === 'unreachable';
        this.#later(id, isAway ? LOOK_AGAIN_MS : LOOK_EVERY_MS);
      });
    this.#looking.set(id, look);
    return look;
  }

  async #lookOnce(id: CloudId): Promise<void> {
    const { clock, directory, log } = this.#deps;
    const { signal } = this.#stop;
    const nowMs = clock.monotonicMs();
    const readMs = this.#permissionsMs.get(id);
    const asksPermissions = readMs === undefined || nowMs - readMs > PERMISSIONS_EVERY_MS;
    let client: CloudClient | undefined;
    try {
      // A refused token is tried again here, and only here: providers refuse by mistake, too.
      client = await directory.client(id, true);
      const { permissions, ...look } = await lookAtAccount(client, signal, asksPermissions);
      // Another token took this one's place meanwhile: it was looked at by whoever brought it.
      if (directory.isReplaced(id, client)) return;
      if (asksPermissions) this.#permissionsMs.set(id, nowMs);
      await directory.change(id, permissions === undefined ? look : { ...look, permissions });
      directory.becomesReady(id);
    } catch (error) {
      if (signal.aborted || (client !== undefined && directory.isReplaced(id, client))) return;
      const shown = BerthError.is(error)
        ? error
        : new BerthError('cloud.failed', 'The account could not be read; the log says more.');
      if (shown !== error) log.error('an account could not be read', { id, cause: error });
      directory.becomesFailed(id, shown);
    }
  }

  /** In so long, or at the time that was said before, if that is sooner. */
  #later(id: CloudId, waitMs: number): void {
    const { clock, random } = this.#deps;
    if (this.#stop.signal.aborted) return;
    const delayMs = Math.round(waitMs * (1 - JITTER * random.fraction()));
    const dueMs = clock.monotonicMs() + delayMs;
    const said = this.#timers.get(id);
    if (said !== undefined && said.dueMs <= dueMs) return;
    said?.stop();
    const stop = clock.after(delayMs, () => {
      this.#timers.delete(id);
      void this.#look(id);
    });
    this.#timers.set(id, { dueMs, stop });
  }
}

function labelOfToken(label: string): string {
  return `Token of ${label}`.slice(0, 80);
}

function leavesBehind(label: string, names: readonly string[]): BerthError {
  const shown = names.slice(0, 3).map((name) => `“${name}”`);
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  const isOne = names.length === 1;
  return new BerthError(
    'conflict',
    `${shown.join(', ')}${more} of “${label}” would go on costing, unseen by Berth. Destroy ${isOne ? 'it' : 'them'} first, or say that ${isOne ? 'it stays' : 'they stay'}.`,
    { details: { machines: names.slice(0, 100) } },
  );
}

function forgetsSleepers(label: string, asleep: readonly string[]): BerthError {
  const [first] = asleep;
  return new BerthError(
    'conflict',
    asleep.length === 1
      ? `“${first}” of “${label}” sleeps, and its files would be lost to you. Wake or destroy it first.`
      : `${asleep.length} machines of “${label}” sleep, and their files would be lost to you. Wake or destroy them first.`,
    { details: { machines: asleep } },
  );
}
