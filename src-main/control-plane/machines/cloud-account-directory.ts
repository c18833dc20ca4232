/**
 * The accounts that Berth knows: record on disk, state of this run, and one client for each, which whoever asks a provider
 * gets here. Guarantees: an account's state follows every answer of its present client; an account that fails troubles no
 * other. Must not ask a provider of itself.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Cloud, CloudState } from '#contract/clouds.ts';
import type { CloudId, CredentialId } from '#contract/ids.ts';
import { Collection } from '../changes.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { CloudClient, CloudProvider } from '../interfaces/cloud-provider.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import type { Secret } from '../interfaces/secret.ts';
import { type CloudRecord, parseCloudRecord, stateAfter, toCloud, waitsForPerson } from './cloud-account.ts';
import type { CloudClients } from './cloud-clients.ts';
import { watchedClient } from './watched-client.ts';

export interface CloudAccountDirectoryDeps {
  readonly providers: readonly CloudProvider[];
  readonly store: RecordStore;
  /** Undefined: gone from the store. Throws credential.*. */
  readonly secretOf: (id: CredentialId) => Promise<Secret | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Live {
  state: CloudState;
  client: CloudClient | undefined;
}

export class CloudAccountDirectory implements CloudClients {
  readonly collection = new Collection<Cloud>();
  readonly #deps: CloudAccountDirectoryDeps;
  readonly #store: RecordCollection<CloudRecord>;
  readonly #records = new Map<CloudId, CloudRecord>();
  readonly #live = new Map<CloudId, Live>();
  readonly #usable = new Set<(id: CloudId) => void>();
  readonly #removed = new Set<(id: CloudId) => void>();
  readonly #unreachable = new Set<(id: CloudId) => void>();

  constructor(deps: CloudAccountDirectoryDeps) {
    this.#deps = deps;
    this.#store = deps.store.collection('clouds', parseCloudRecord);
  }

  async load(): Promise<void> {
    for (const record of await this.#store.all()) this.#know(record, { phase: 'checking' });
  }

  records(): CloudRecord[] {
    return [...this.#records.values()];
  }
  record(id: CloudId): CloudRecord | undefined {
    return this.#records.get(id);
  }
  /** Throws not-found. */
  require(id: CloudId): CloudRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw noSuchAccount();
    return record;
  }
  view(id: CloudId): Cloud {
    const cloud = this.collection.get(id);
    if (cloud === undefined) throw noSuchAccount();
    return cloud;
  }
  ids(): CloudId[] {
    return [...this.#records.keys()];
  }
  labelOf(id: CloudId): string {
    return this.#records.get(id)?.label ?? 'an account that is gone';
  }
  /** Throws not-found. */
  stateOf(id: CloudId): CloudState {
    return this.#liveOf(id).state;
  }

  // --- clients ------------------------------------------------------------------------------------------------------

  /** `isRetried`: also with a token that was refused. */
  async client(id: CloudId, isRetried = false): Promise<CloudClient> {
    const record = this.require(id);
    const live = this.#liveOf(id);
    const { state } = live;
    if (!isRetried && state.phase === 'refused' && state.error.code === 'cloud.token-refused')
      throw BerthError.fromShape(state.error);
    if (live.client !== undefined) return live.client;
    const token = await this.#deps.secretOf(record.tokenId);
    if (token === undefined)
      throw new BerthError(
        'credential.missing',
        `The token of “${record.label}” is not in the keychain any more. Paste it, or a new one, again.`,
      );
    // One client for an account: it counts the requests and pauses all of them together.
    live.client ??= this.open(id, record.provider, token);
    return live.client;
  }

  /** A client that is not yet the account's. Throws invalid-input. */
  open(id: CloudId, provider: string, token: Secret): CloudClient {
    const found = this.#deps.providers.find(({ info }) => info.id === provider);
    if (found === undefined)
      throw BerthError.atField('provider', 'This Berth knows no such provider of machines.');
    const isPresent = () => this.#live.get(id)?.client === client;
    // Only what the token in use meets counts: one that is being tried says nothing about the account.
    const client = watchedClient(found.open(token), {
      onAnswer: () => {
        if (isPresent()) this.noteSuccess(id);
      },
      onFailure: (error) => {
        if (isPresent()) this.noteFailure(id, error);
      },
    });
    return client;
  }

  /** Whether another client took this one's place. */
  isReplaced(id: CloudId, client: CloudClient): boolean {
    const present = this.#live.get(id)?.client;
    return present !== undefined && present !== client;
  }

  // --- what was found out -------------------------------------------------------------------------------------------

  noteFailure(id: CloudId, error: unknown): void {
    const live = this.#live.get(id);
    if (live === undefined || !BerthError.is(error)) return;
    if (waitsForPerson(error)) this.becomesFailed(id, error);
    else if (error.code === 'cloud.unreachable' && live.state.phase !== 'refused') {
      const wasKnown = live.state.phase === 'unreachable';
      this.becomesFailed(id, error);
      if (!wasKnown) this.#tell(this.#unreachable, id);
    }
  }

  noteSuccess(id: CloudId): void {
    const phase = this.#live.get(id)?.state.phase;
    if (phase === 'unreachable' || phase === 'refused') this.becomesReady(id);
  }

  /** `client`: from now on the account's. */
  becomesReady(id: CloudId, client?: CloudClient): void {
    const live = this.#live.get(id);
    if (live === undefined) return;
    const isNews = live.state.phase !== 'ready' || client !== undefined;
    if (client !== undefined) live.client = client;
    live.state = { phase: 'ready', checkedAt: instantOf(this.#deps.clock) };
    this.#show(id);
    if (isNews) this.tellUsable(id);
  }

  becomesFailed(id: CloudId, error: BerthError): void {
    const live = this.#live.get(id);
    if (live === undefined) return;
    live.state = stateAfter(live.state, error, instantOf(this.#deps.clock));
    // The token may be another one when it is read next.
    if (waitsForPerson(error)) live.client = undefined;
    this.#show(id);
  }

  tellUsable(id: CloudId): void {
    this.#tell(this.#usable, id);
  }
  onUsable(listener: (id: CloudId) => void): () => void {
    this.#usable.add(listener);
    return () => void this.#usable.delete(listener);
  }
  onRemoved(listener: (id: CloudId) => void): () => void {
    this.#removed.add(listener);
    return () => void this.#removed.delete(listener);
  }
  /** Told when an account that answered does not any more. */
  onUnreachable(listener: (id: CloudId) => void): () => void {
    this.#unreachable.add(listener);
    return () => void this.#unreachable.delete(listener);
  }

  // --- records ------------------------------------------------------------------------------------------------------

  /** Throws cloud.account-known. */
  requireUnknown(provider: string, accountKey: string): void {
    const known = this.records().find((one) => one.provider === provider && one.accountKey === accountKey);
    if (known !== undefined)
      throw new BerthError(
        'cloud.account-known',
        `This token is of the account “${known.label}”, which is here already. To use it there, replace that account’s token.`,
        { details: { cloudId: known.id } },
      );
  }

  /** The account is taken from this call on, before anything is awaited. Throws cloud.account-known. */
  async add(record: CloudRecord, client: CloudClient): Promise<void> {
    this.requireUnknown(record.provider, record.accountKey);
    this.#records.set(record.id, record);
    try {
      await this.#store.put(record);
    } catch (error) {
      this.#records.delete(record.id);
      throw error;
    }
    this.#know(record, { phase: 'checking' });
    this.becomesReady(record.id, client);
  }

  /** On disk when it resolves; what could not be written is not so. Does nothing where the account is gone. */
  async change(id: CloudId, change: Partial<Omit<CloudRecord, 'id'>>): Promise<void> {
    const before = this.#records.get(id);
    if (before === undefined) return;
    const after = { ...before, ...change };
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    this.#records.set(id, after);
    try {
      await this.#store.put(after);
    } catch (error) {
      if (this.#records.get(id) === after) this.#records.set(id, before);
      throw error;
    } finally {
      this.#show(id);
    }
  }

  async noteReconciled(id: CloudId): Promise<void> {
    await this.change(id, { reconciledAt: instantOf(this.#deps.clock) });
  }

  async remove(id: CloudId): Promise<void> {
    await this.#store.delete(id);
    this.#records.delete(id);
    this.#live.delete(id);
    this.collection.delete(id);
    this.#tell(this.#removed, id);
  }

  #know(record: CloudRecord, state: CloudState): void {
    this.#records.set(record.id, record);
    this.#live.set(record.id, { state, client: undefined });
    this.#show(record.id);
  }

  #liveOf(id: CloudId): Live {
    const live = this.#live.get(id);
    if (live === undefined) throw noSuchAccount();
    return live;
  }

  #show(id: CloudId): void {
    const record = this.#records.get(id);
    const live = this.#live.get(id);
    if (record === undefined || live === undefined) return;
    this.collection.put(toCloud(record, live.state, live.client?.clockAheadMs() ?? null));
  }

  /** One listener's mistake must not keep the others in the dark. */
  #tell(listeners: ReadonlySet<(id: CloudId) => void>, id: CloudId): void {
    for (const listener of [...listeners]) {
      try {
        listener(id);
      } catch (cause) {
        this.#deps.log.error('a listener of an account failed', { id, cause });
      }
    }
  }
}

function noSuchAccount(): BerthError {
  return new BerthError('not-found', 'There is no such account at a provider.');
}
