/**
 * Hosts: what the person added, what is wanted of each, and how it is. Owns the records, the supervisors and the links
 * that other nouns use. Must not touch anything on a host that the person did not ask for, but for the network rules
 * that the policy allows. Long because it has a verb for each line of the contract, and the order of writes that they share.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { Host, HostDefinition, HostFacts, HostState } from '#contract/hosts.ts';
import type { CredentialId, HostId } from '#contract/ids.ts';
import type { ItemOf, OutputOf, ParsedInputOf } from '#contract/index.ts';
import { Collection } from '../changes.ts';
import { instantOf } from '../interfaces/clock.ts';
import type { HostConnector } from '../interfaces/host-connector.ts';
import type { Log } from '../interfaces/log.ts';
import type { NetworkWatch } from '../interfaces/network-watch.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import type { Secret } from '../interfaces/secret.ts';
import { type Remembered, withSecret } from './connection-ask.ts';
import { examine, type Patient } from './doctor.ts';
import { GuardKeeper, type GuardPolicy } from './guard-keeper.ts';
import { HandshakeGate } from './handshake-gate.ts';
import { credentialsOf, type HostRecord, parseHostRecord, waitsForSecrets } from './host.ts';
import { readHostFacts } from './host-facts.ts';
import type { HostLink, HostLinks } from './host-links.ts';
import { KeptAnswers } from './kept-answers.ts';
import { HostSupervisor, type SupervisedHost } from './host-supervisor.ts';
import { LiveLinks } from './live-links.ts';
import type { OpenHostDeps } from './open-host.ts';
import { watchSleep } from './sleep-watch.ts';
import { testHost } from './test-host.ts';
import { TrialAnswers } from './trial-answers.ts';
import { TroubleLog } from './trouble-log.ts';
import { type WakeReason, WakeRounds } from './wake-rounds.ts';

/** What hosts need of the credentials. */
export interface HostSecrets {
  secretOf(id: CredentialId): Promise<Secret | undefined>;
  exists(id: CredentialId): boolean;
  /** Keeps a secret that a person typed; in place of `replaces` where that is given. Returns its reference. */
  remember(entry: {
    label: string;
    kind: 'password' | 'passphrase';
    secret: Secret;
    replaces: CredentialId | null;
  }): Promise<CredentialId>;
  /** Told when secrets can be read again (vault unlocked, keychain back). */
  onUsable(listener: () => void): () => void;
}

export interface HostServiceDeps
  extends Omit<OpenHostDeps, 'gate' | 'secretOf' | 'trials' | 'kept'>,
    GuardPolicy {
  readonly connector: HostConnector;
  readonly secrets: HostSecrets;
  readonly store: RecordStore;
  readonly random: Random;
  readonly log: Log;
  readonly network: NetworkWatch;
}

export class HostService {
  readonly #deps: HostServiceDeps;
  readonly #records: RecordCollection<HostRecord>;
  readonly #hosts = new Collection<Host>();
  readonly #supervisors = new Map<HostId, HostSupervisor>();
  readonly #links: LiveLinks;
  readonly #openDeps: OpenHostDeps;
  readonly #guards: GuardKeeper;
  readonly #ends: (() => void)[] = [];
  readonly #wakes: WakeRounds;
  /** Writes of one host follow each other, so that the last word on disk is the last word said. */
  readonly #writes = new Map<HostId, Promise<void>>();

  constructor(deps: HostServiceDeps) {
    this.#deps = deps;
    this.#records = deps.store.collection('hosts', parseHostRecord);
    this.#openDeps = {
      connector: deps.connector,
      engines: deps.engines,
      questions: deps.questions,
      clock: deps.clock,
      gate: new HandshakeGate(),
      trials: new TrialAnswers({ clock: deps.clock }),
      kept: new KeptAnswers(),
      secretOf: (id) => deps.secrets.secretOf(id),
    };
    this.#guards = new GuardKeeper(deps);
    const troubles = new TroubleLog();
    this.#wakes = new WakeRounds(deps.clock, (reason) => {
      const times = troubles.count(deps.clock.monotonicMs());
      if (times !== undefined)
        deps.log.info('the computer woke, or its network changed', {
          reason,
          isOnline: deps.network.isOnline,
          times,
        });
      for (const supervisor of this.#supervisors.values()) supervisor.nudge({ why: 'wake' });
    });
    this.#links = new LiveLinks({
      hostOf: (id) => this.#hosts.get(id),
      suspect: (id, probeMs) =>
        this.#supervisors.get(id)?.nudge({ why: 'suspicion', ...(probeMs === undefined ? {} : { probeMs }) }),
      log: deps.log,
    });
  }

  get links(): HostLinks {
    return this.#links;
  }

  /** Loads the hosts, so that they are known; `start` then connects those that are wanted connected. */
  async load(): Promise<void> {
    for (const record of await this.#records.all()) this.#watch(record);
  }

  start(): void {
    const { clock, network, secrets } = this.#deps;
    this.#ends.push(
      watchSleep(clock, () => this.wake('sleep')),
      network.onChange(() => this.wake('network')),
      () => this.#wakes.close(),
      secrets.onUsable(() => {
        for (const supervisor of this.#supervisors.values())
          if (waitsForSecrets(supervisor.state)) supervisor.nudge({ why: 'person' });
      }),
    );
    for (const host of this.#hosts.all())
      if (host.desired === 'connected') this.#supervisors.get(host.id)?.connect();
  }

  /**
   * Nothing known about the ways to hosts counts any more: links are probed with a short time-out, lost hosts tried now.
   * At most one round a second; a wake in between has the next one.
   */
  wake(reason: WakeReason): void {
    if (this.#ends.length > 0) this.#wakes.ask(reason);
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.disconnect()));
    this.#openDeps.kept.dropAll();
    await Promise.all(this.#writes.values());
  }

  watch(signal: AbortSignal): AsyncGenerator<CollectionItem<Host>> {
    return this.#hosts.watch(signal);
  }

  get(id: HostId): Host | undefined {
    return this.#hosts.get(id);
  }

  all(): Host[] {
    return this.#hosts.all();
  }

  /** Hosts whose definition refers to this credential. */
  usersOf(id: CredentialId): Host[] {
    return this.#hosts.all().filter(({ definition }) => credentialsOf(definition).includes(id));
  }

  async add(input: ParsedInputOf<'hosts.add'>): Promise<Host> {
    const { clock, random } = this.#deps;
    const definition = input.definition;
    this.#checkName(input.name);
    this.#checkCredentials(definition);
    const record: HostRecord = {
      id: random.id('host'),
      name: input.name,
      definition,
      desired: 'connected',
      facts: null,
      addedAt: instantOf(clock),
      lastReadyAt: null,
    };
    // Taken before the write, so that two additions at once cannot have the same name.
    const supervisor = this.#watch(record);
    try {
      await this.#write(record);
    } catch (error) {
      this.#forget(record.id);
      throw error;
    }
    supervisor.connect();
    return this.#require(record.id);
  }

  async edit({ id, name, definition }: ParsedInputOf<'hosts.edit'>): Promise<Host> {
    const host = this.#require(id);
    if (name !== undefined) this.#checkName(name, id);
    const next = definition === undefined ? host.definition : definition;
    this.#checkCredentials(next);
    const isElsewhere = JSON.stringify(next) !== JSON.stringify(host.definition);
    await this.#change(id, { name: name ?? host.name, definition: next });
    const supervisor = this.#supervisors.get(id);
    if (isElsewhere && supervisor && this.#require(id).desired === 'connected') {
      await supervisor.disconnect();
      this.#openDeps.kept.drop(id);
      supervisor.connect();
    }
    return this.#require(id);
  }

  async remove(id: HostId): Promise<void> {
    const host = this.#require(id);
    const supervisor = this.#supervisors.get(id);
    // Out of sight first: from now on nothing is written about it.
    this.#forget(id);
    try {
      await this.#writes.get(id);
      await this.#records.delete(id);
    } catch (error) {
      this.#hosts.put(host);
      if (supervisor) this.#supervisors.set(id, supervisor);
      throw error;
    }
    await supervisor?.disconnect();
    this.#openDeps.kept.drop(id);
    this.#links.removed(id);
  }

  async connect(id: HostId): Promise<Host> {
    await this.#change(id, { desired: 'connected' });
    this.#supervisors.get(id)?.connect();
    return this.#require(id);
  }

  async disconnect(id: HostId): Promise<Host> {
    await this.#change(id, { desired: 'disconnected' });
    await this.#supervisors.get(id)?.disconnect();
    this.#openDeps.kept.drop(id);
    return this.#require(id);
  }

  async replaceKey({ id, oldFingerprint, newFingerprint }: ParsedInputOf<'hosts.replaceKey'>): Promise<Host> {
    const host = this.#require(id);
    await this.#deps.connector.replaceHostKey(host.definition, { oldFingerprint, newFingerprint });
    // Another key may be another machine: what was typed for the first one is not sent there unasked.
    this.#openDeps.kept.drop(id);
    if (host.desired === 'connected') this.#supervisors.get(id)?.connect();
    return this.#require(id);
  }

  async test(input: ParsedInputOf<'hosts.test'>, signal: AbortSignal): Promise<OutputOf<'hosts.test'>> {
    return await testHost(this.#openDeps, this.#deps.log, input, signal);
  }

  async interpret(text: string): Promise<OutputOf<'hosts.interpret'>> {
    return await this.#deps.connector.interpret(text);
  }

  async candidates(): Promise<OutputOf<'hosts.candidates'>> {
    return await this.#deps.connector.candidates();
  }

  async images(id: HostId, signal: AbortSignal): Promise<OutputOf<'hosts.images'>> {
    this.#require(id);
    return { images: await this.#links.requireEngine(id).engine.listImages(signal) };
  }

  async *doctor(id: HostId, signal: AbortSignal): AsyncGenerator<ItemOf<'hosts.doctor'>> {
    const host = this.#require(id);
    const link = this.#links.require(id);
    const { state } = host;
    const patient: Patient = {
      definition: host.definition,
      connection: link.connection,
      engine: link.engine,
      engineInfo: link.engineInfo,
      engineRoute: state.phase === 'ready' ? state.engineRoute : 'none',
      engineError: state.phase === 'ready' ? state.engineError : null,
      guardWish: this.#guards.wishFor(host),
    };
    const { clock, log } = this.#deps;
    yield* examine(patient, { clock, log, signal: AbortSignal.any([signal, link.signal]) });
  }

  /** The person wants other network rules: on the hosts that are connected now; the others follow when they are. */
  async settleGuards(): Promise<void> {
    const links = this.#hosts.all().map((host) => ({ host, link: this.#links.current(host.id) }));
    await Promise.all(
      links.map(async ({ host, link }) => {
        const log = this.#deps.log.child({ host: host.id });
        if (link) await this.#guards.settle(host, link, { log, signal: link.signal });
      }),
    );
  }

  // --- supervision --------------------------------------------------------------------------------------------------

  #watch(record: HostRecord): HostSupervisor {
    const { id } = record;
    const log = this.#deps.log.child({ host: id });
    this.#hosts.put({ ...record, state: { phase: 'disconnected' } });
    const supervisor = new HostSupervisor(
      {
        ...this.#openDeps,
        random: this.#deps.random,
        log,
        isOnline: () => this.#deps.network.isOnline,
        onState: (state) => this.#showState(id, state),
        // Rules before anybody is told that the host is ready: no workspace starts in an open network.
        prepare: async (connection, { engine, engineInfo }, signal) => {
          const host = this.#hosts.get(id);
          if (host) await this.#guards.settle(host, { connection, engine, engineInfo }, { log, signal });
        },
        onReady: (link, { remembered }) => {
          this.#links.ready(link);
          this.#later(id, this.#noteReady(link, remembered, log), log);
        },
        onEngine: (link) => {
          this.#links.ready(link);
          this.#later(id, this.#noteReady(link, [], log), log);
        },
        onEngineLost: (link) => this.#links.withoutEngine(link),
        onLost: () => this.#links.lost(id),
      },
      supervised(record),
    );
    this.#supervisors.set(id, supervisor);
    return supervisor;
  }

  #forget(id: HostId): void {
    this.#hosts.delete(id);
    this.#supervisors.delete(id);
  }

  #showState(id: HostId, state: HostState): void {
    const host = this.#hosts.get(id);
    if (host) this.#hosts.put({ ...host, state });
  }

  /** What follows a connection and holds nobody up: facts, the date, and what the person wanted remembered. */
  async #noteReady(link: HostLink, remembered: readonly Remembered[], log: Log): Promise<void> {
    const { clock, secrets } = this.#deps;
    const { connection, engineInfo, hostId, signal } = link;
    await this.#change(hostId, { lastReadyAt: instantOf(clock) });
    for (const { kind, subject, secret, place } of remembered) {
      const label = `${kind === 'password' ? 'Password' : 'Passphrase'} of ${subject}`.slice(0, 80);
      try {
        const credentialId = await secrets.remember({ label, kind, secret, replaces: place.present });
        const { definition } = this.#require(hostId);
        if (definition.kind === 'ssh')
          await this.#change(hostId, { definition: withSecret(definition, place, credentialId) });
      } catch (cause) {
        log.warn('a secret could not be remembered', { cause });
        if (!signal.aborted) this.#openDeps.kept.keep(hostId, [{ kind, subject, secret, remember: false }]);
      }
    }
    const facts: HostFacts = await readHostFacts({ connection, engineInfo, clock, log, signal });
    await this.#change(hostId, { facts });
  }

  #later(id: HostId, work: Promise<void>, log: Log): void {
    work.catch((cause: unknown) => {
      // The host went away or was removed meanwhile: there is nobody to note it for.
      const link = this.#links.current(id);
      if (link && !link.signal.aborted) log.warn('what a connection learnt was not noted', { cause });
    });
  }

  // --- records ------------------------------------------------------------------------------------------------------

  async #change(id: HostId, change: Partial<Omit<HostRecord, 'id'>>): Promise<void> {
    const before = this.#require(id);
    const after = { ...before, ...change };
    this.#hosts.put(after);
    this.#supervisors.get(id)?.change(supervised(after));
    const { state: _, ...record } = after;
    try {
      await this.#write(record);
    } catch (error) {
      const now = this.#hosts.get(id);
      // What was not written is not so: the person sees the error and the old value.
      if (now) {
        const back = Object.fromEntries(
          Object.keys(change).map((key) => [key, before[key as keyof Host]]),
        ) as Partial<Host>;
        const restored = { ...now, ...back };
        this.#hosts.put(restored);
        this.#supervisors.get(id)?.change(supervised(restored));
      }
      throw error;
    }
  }

  #write(record: HostRecord): Promise<void> {
    const previous = this.#writes.get(record.id) ?? Promise.resolve();
    const write = previous.then(async () => {
      // A host that was removed meanwhile must not come back.
      if (this.#hosts.get(record.id)) await this.#records.put(record);
    });
    const settled = write.catch(() => undefined);
    this.#writes.set(record.id, settled);
    void settled.then(() => {
      if (this.#writes.get(record.id) === settled) this.#writes.delete(record.id);
    });
    return write;
  }

  #require(id: HostId): Host {
    const host = this.#hosts.get(id);
    if (!host) throw new BerthError('not-found', 'There is no such host.');
    return host;
  }

  #checkName(name: string, except?: HostId): void {
    const taken = this.#hosts
      .all()
      .some((host) => host.id !== except && host.name.toLowerCase() === name.toLowerCase());
    if (taken)
      throw new BerthError(
        'host.name-taken',
        `There is a host named “${name}” already. Choose another name.`,
      );
  }

  #checkCredentials(definition: HostDefinition): void {
    for (const id of credentialsOf(definition))
      if (!this.#deps.secrets.exists(id))
        throw new BerthError(
          'credential.missing',
          'The credential that this host refers to does not exist any more.',
        );
  }
}

function supervised({ id, name, definition }: HostRecord): SupervisedHost {
  return { id, name, definition };
}
