/**
 * Hosts: what the person added, what is wanted of each, and how it is. Owns the records, the supervisors and the links
 * that other nouns use. Must not touch anything on a host that the person did not ask for, but for the network rules
 * that the policy allows. Long because it has a verb for each line of the contract, and the order of writes that they share.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { Host, HostFacts, HostState } from '#contract/hosts.ts';
import type { CredentialId, HostId } from '#contract/ids.ts';
import type { ItemOf, OutputOf, ParsedInputOf } from '#contract/index.ts';
import { Collection } from '../changes.ts';
import { instantOf } from '../interfaces/clock.ts';
import type { HostConnector } from '../interfaces/host-connector.ts';
import type { Log } from '../interfaces/log.ts';
import type { NetworkWatch } from '../interfaces/network-watch.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import { type Remembered, withSecret } from './connection-ask.ts';
import { examine, type Patient } from './doctor.ts';
import { GuardKeeper, type GuardPolicy } from './guard-keeper.ts';
import { HandshakeGate } from './handshake-gate.ts';
import { credentialsOf, type HostRecord, requireFreeName, waitsForSecrets } from './host.ts';
import { readHostFacts } from './host-facts.ts';
import { HostRecords } from './host-records.ts';
import type { HostLink, HostLinks } from './host-links.ts';
import { type HostSecrets, keepRemembered, requireCredentials } from './host-secrets.ts';
import { KeptAnswers } from './kept-answers.ts';
import { HostSupervisor, type SupervisedHost } from './host-supervisor.ts';
import { LiveLinks } from './live-links.ts';
import { type MachineOfHost, reasonsBy, requireAwake, requireNoMachine } from './machine-of-host.ts';
import type { OpenHostDeps } from './open-host.ts';
import { watchSleep } from './sleep-watch.ts';
import { testHost } from './test-host.ts';
import { TrialAnswers } from './trial-answers.ts';
import { TroubleLog } from './trouble-log.ts';
import { type WakeReason, WakeRounds } from './wake-rounds.ts';

export interface HostServiceDeps
  extends Omit<OpenHostDeps, 'gate' | 'secretOf' | 'trials' | 'kept'>,
    GuardPolicy {
  readonly connector: HostConnector;
  readonly secrets: HostSecrets;
  readonly store: RecordStore;
  readonly random: Random;
  readonly log: Log;
  readonly network: NetworkWatch;
  /** The machine that Berth rents and that this host is. */
  readonly machineOf: (id: HostId) => MachineOfHost | undefined;
  /** Names of machines whose files sleep on it. */
  readonly sleepersOn: (id: HostId) => readonly string[];
}

export class HostService {
  readonly #deps: HostServiceDeps;
  readonly #records: HostRecords;
  readonly #hosts = new Collection<Host>();
  readonly #supervisors = new Map<HostId, HostSupervisor>();
  readonly #links: LiveLinks;
  readonly #openDeps: OpenHostDeps;
  readonly #guards: GuardKeeper;
  readonly #ends: (() => void)[] = [];
  readonly #wakes: WakeRounds;

  constructor(deps: HostServiceDeps) {
    this.#deps = deps;
    this.#records = new HostRecords(deps.store, (id) => this.#hosts.get(id) !== undefined);
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
      ...reasonsBy(deps.machineOf),
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
    await this.#records.settled();
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
    const { definition } = input;
    this.checkName(input.name);
    requireCredentials(this.#deps.secrets, definition);
    return await this.#add({
      ...input,
      id: random.id('host'),
      desired: 'connected',
      facts: null,
      addedAt: instantOf(clock),
      lastReadyAt: null,
      pinnedFingerprints: [],
    });
  }

  async edit(input: ParsedInputOf<'hosts.edit'>): Promise<Host> {
    return await this.#edit(input, false);
  }

  async #edit({ id, name, definition }: ParsedInputOf<'hosts.edit'>, hasOtherKeys: boolean): Promise<Host> {
    const host = this.#require(id);
    if (name !== undefined) this.checkName(name, id);
    const next = definition === undefined ? host.definition : definition;
    requireCredentials(this.#deps.secrets, next);
    const isElsewhere = hasOtherKeys || JSON.stringify(next) !== JSON.stringify(host.definition);
    await this.#change(id, { name: name ?? host.name, definition: next });
    const supervisor = this.#supervisors.get(id);
    if (isElsewhere && supervisor && this.#require(id).desired === 'connected') {
      await supervisor.disconnect();
      this.#openDeps.kept.drop(id);
      supervisor.connect();
    }
    return this.#require(id);
  }

  /** Throws conflict for a machine that Berth rents: its host goes with it. */
  async remove(id: HostId): Promise<void> {
    requireNoMachine(this.#deps.machineOf(id), this.#deps.sleepersOn(id));
    await this.#remove(id);
  }

  async #remove(id: HostId): Promise<void> {
    const host = this.#require(id);
    const supervisor = this.#supervisors.get(id);
    // Out of sight first: from now on nothing is written about it.
    this.#forget(id);
    try {
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

  /** Throws conflict for a machine that sleeps. */
  async connect(id: HostId): Promise<Host> {
    requireAwake(this.#deps.machineOf(id));
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
    if (this.#records.pinsOf(id).length > 0)
      throw new BerthError(
        'conflict',
        `Berth made “${host.name}” and knows its key: what shows another one is another machine. Its key is not replaced.`,
      );
    await this.#deps.connector.replaceHostKey(host.definition, { oldFingerprint, newFingerprint });
    // Another key may be another machine: what was typed for the first one is not sent there unasked.
    this.#openDeps.kept.drop(id);
    if (host.desired === 'connected') this.#supervisors.get(id)?.connect();
    return this.#require(id);
  }

  async test(input: ParsedInputOf<'hosts.test'>, signal: AbortSignal): Promise<OutputOf<'hosts.test'>> {
    const pinned = input.hostId === null ? [] : this.#records.pinsOf(input.hostId);
    return await testHost(this.#openDeps, this.#deps.log, input, pinned, signal);
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

  // --- for machines that Berth rents --------------------------------------------------------------------------------

  /** As `add`, with an id that is on record elsewhere already: one that is here is changed instead. */
  async addForMachine(
    host: Pick<HostRecord, 'id' | 'name' | 'definition' | 'pinnedFingerprints'>,
  ): Promise<Host> {
    if (this.#hosts.get(host.id)) return await this.changeForMachine(host.id, host);
    this.checkName(host.name);
    const addedAt = instantOf(this.#deps.clock);
    return await this.#add({ ...host, desired: 'connected', facts: null, addedAt, lastReadyAt: null });
  }

  /** As `edit`; other keys reconnect, too. */
  async changeForMachine(
    id: HostId,
    change: Partial<Pick<HostRecord, 'name' | 'definition' | 'pinnedFingerprints'>>,
  ): Promise<Host> {
    const { pinnedFingerprints: pins, ...rest } = change;
    const before = this.#records.pinsOf(id);
    if (pins !== undefined) this.#records.pin(id, pins);
    const hasOtherKeys = pins !== undefined && JSON.stringify(pins) !== JSON.stringify(before);
    try {
      return await this.#edit({ id, ...rest }, hasOtherKeys);
    } catch (error) {
      if (this.#hosts.get(id)) this.#records.pin(id, before);
      throw error;
    }
  }

  /** It is no error where it is gone. */
  async removeForMachine(id: HostId): Promise<void> {
    if (this.#hosts.get(id)) await this.#remove(id);
  }

  // --- supervision --------------------------------------------------------------------------------------------------

  #watch(record: HostRecord): HostSupervisor {
    const { id } = record;
    const log = this.#deps.log.child({ host: id });
    const { pinnedFingerprints, ...host } = record;
    this.#records.pin(id, pinnedFingerprints);
    this.#hosts.put({ ...host, state: { phase: 'disconnected' } });
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
      this.#supervised(record),
    );
    this.#supervisors.set(id, supervisor);
    return supervisor;
  }

  #supervised({ id, name, definition }: Pick<Host, 'id' | 'name' | 'definition'>): SupervisedHost {
    return { id, name, definition, pinnedFingerprints: this.#records.pinsOf(id) };
  }

  #forget(id: HostId): void {
    this.#hosts.delete(id);
    this.#supervisors.delete(id);
  }

  #showState(id: HostId, state: HostState): void {
    const host = this.#hosts.get(id);
    if (host) this.#hosts.put({ ...host, state });
  }

  /** What follows a connection and holds nobody up: facts, the date, what the person wanted remembered. */
  async #noteReady(link: HostLink, remembered: readonly Remembered[], log: Log): Promise<void> {
    const { clock, secrets } = this.#deps;
    const { connection, engineInfo, hostId, signal } = link;
    await this.#change(hostId, { lastReadyAt: instantOf(clock) });
    for (const one of remembered) {
      const { kind, secret, subject } = one;
      try {
        const credentialId = await keepRemembered(secrets, one);
        const { definition } = this.#require(hostId);
        if (definition.kind === 'ssh')
          await this.#change(hostId, { definition: withSecret(definition, one.place, credentialId) });
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

  async #add(record: HostRecord): Promise<Host> {
    // Taken before the write, so that two additions at once cannot have the same name.
    const supervisor = this.#watch(record);
    try {
      await this.#records.put(this.#require(record.id));
    } catch (error) {
      this.#forget(record.id);
      throw error;
    }
    supervisor.connect();
    return this.#require(record.id);
  }

  // --- records ------------------------------------------------------------------------------------------------------

  async #change(id: HostId, change: Partial<Omit<HostRecord, 'id'>>): Promise<void> {
    const before = this.#require(id);
    const after = { ...before, ...change };
    this.#hosts.put(after);
    this.#supervisors.get(id)?.change(this.#supervised(after));
    try {
      await this.#records.put(after);
    } catch (error) {
      const now = this.#hosts.get(id);
      // What was not written is not so: the person sees the error and the old value.
      if (now) {
        const back = Object.fromEntries(
          Object.keys(change).map((key) => [key, before[key as keyof Host]]),
        ) as Partial<Host>;
        const restored = { ...now, ...back };
        this.#hosts.put(restored);
        this.#supervisors.get(id)?.change(this.#supervised(restored));
      }
      throw error;
    }
  }

  #require(id: HostId): Host {
    const host = this.#hosts.get(id);
    if (!host) throw new BerthError('not-found', 'There is no such host.');
    return host;
  }

  /** Throws host.name-taken. */
  checkName(name: string, except?: HostId): void {
    requireFreeName(this.#hosts.all(), name, except);
  }
}
