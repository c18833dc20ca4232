/**
 * Machines that a plane can connect to, without a network: each has a host key, perhaps a password, an engine, and can
 * fall silent (a black hole), break, restart its engine. Stateful: what a test does to a machine, connections feel.
 */
import { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { HostDefinition } from '#contract/hosts.ts';
import type {
  ContainerEngine,
  ContainerEngineFactory,
  EngineInfo,
} from '#main/control-plane/interfaces/container-engine.ts';
import type {
  ExecOptions,
  ExecResult,
  HostConnection,
} from '#main/control-plane/interfaces/host-connection.ts';
import type { ConnectOptions, HostConnector } from '#main/control-plane/interfaces/host-connector.ts';

export const fakeEngineInfo: EngineInfo = {
  name: 'Docker Engine',
  version: '28.2.2',
  apiVersion: '1.50',
  minimumApiVersion: '1.41',
  operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  kernel: '6.1.0',
  architecture: 'x86_64',
  cpus: 4,
  memoryBytes: 8 * 1024 ** 3,
  rootFolder: '/var/lib/docker',
  storageDriver: 'overlay2',
  cgroupVersion: '2',
  runtimes: ['runc'],
  defaultRuntime: 'runc',
  runtimeVersions: { runc: '1.3.3' },
  securityOptions: ['name=seccomp,profile=builtin', 'name=cgroupns'],
  isRootless: false,
  canLimitDisk: false,
  liveRestore: true,
  warnings: [],
};

export class FakeMachine {
  readonly address: string;
  fingerprint = 'SHA256:first';
  password: string | undefined;
  /** What connecting fails with; undefined: it succeeds. */
  refusal: BerthError | undefined;
  /** Nothing answers and nothing says so. */
  isSilent = false;
  /** connect() neither resolves nor rejects until this is false; deaf to its signal. */
  isDeaf = false;
  engine: 'up' | 'down' | 'frozen' = 'up';
  engineRefusal: BerthError | undefined;
  engineInfo: EngineInfo = fakeEngineInfo;
  /** Answers of runScript by the script's name; absent: exit code 127. */
  readonly scripts = new Map<string, (args: readonly string[], input: string) => Partial<ExecResult>>();
  /** Scripts that were run, with their arguments. */
  readonly ran: string[][] = [];
  readonly connections = new Set<FakeConnection>();
  /** Attempts to connect so far, and how many are under way. */
  attempts = 0;
  connecting = 0;
  enginesOpened = 0;
  enginesClosed = 0;
  probes = 0;

  constructor(address: string) {
    this.address = address;
  }
  /** Every connection breaks at once, as with a reset. */
  breakConnections(): void {
    for (const connection of [...this.connections]) connection.break();
  }
}

export class FakeConnection implements HostConnection {
  readonly kind = 'ssh';
  readonly learnt: HostConnection['learnt'];
  engineRoute: HostConnection['engineRoute'] = 'stream-forward';
  readonly engineSocketPath = '/var/run/docker.sock';
  readonly machine: FakeMachine;
  #onLost: ((error: unknown) => void)[] = [];
  #isClosed = false;

  constructor(machine: FakeMachine) {
    this.machine = machine;
    this.learnt = {
      sshServer: 'SSH-2.0-OpenSSH_9.9p1',
      hostKey: { type: 'ssh-ed25519', fingerprint: machine.fingerprint },
    };
    machine.connections.add(this);
  }
  get isClosed(): boolean {
    return this.#isClosed;
  }
  exec(): Promise<ExecResult> {
    return Promise.resolve({ stdout: '', stderr: '', exitCode: 0, isTruncated: false });
  }
  async runScript(
    script: string,
    args: readonly string[] = [],
    { input = '' }: ExecOptions = {},
  ): Promise<ExecResult> {
    this.#checkOpen();
    this.machine.ran.push([script, ...args]);
    const answer = this.machine.scripts.get(script)?.(args, String(input)) ?? {
      exitCode: 127,
      stderr: 'not found',
    };
    return { stdout: '', stderr: '', exitCode: 0, isTruncated: false, ...answer };
  }
  openPty(): Promise<never> {
    return Promise.reject(new Error('the fake has no terminals'));
  }
  startScript(): Promise<never> {
    return Promise.reject(new Error('the fake runs no programs'));
  }
  openFiles(): Promise<never> {
    return Promise.reject(new Error('the fake has no files'));
  }
  dial(): Promise<never> {
    return Promise.reject(new Error('the fake dials nobody'));
  }
  async openEngineStream(): Promise<Duplex> {
    this.#checkOpen();
    return new FakeEngineStream(this.machine);
  }
  async probe(): Promise<number> {
    this.machine.probes += 1;
    this.#checkOpen();
    // A black hole: the caller's own limit must end the wait.
    if (this.machine.isSilent) await new Promise<never>(() => {});
    return 12;
  }
  onLost(listener: (error: unknown) => void): void {
    this.#onLost.push(listener);
  }
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#onLost = [];
    this.machine.connections.delete(this);
  }
  break(error: unknown = new BerthError('connection-lost', 'The connection was reset.')): void {
    const listeners = this.#onLost;
    this.#onLost = [];
    this.machine.connections.delete(this);
    for (const listener of listeners) listener(error);
  }
  #checkOpen(): void {
    if (this.#isClosed) throw new BerthError('connection-lost', 'The connection is closed.');
  }
}

class FakeEngineStream extends Duplex {
  readonly machine: FakeMachine;
  constructor(machine: FakeMachine) {
    super();
    this.machine = machine;
  }
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

export class FakeConnector implements HostConnector {
  readonly machines = new Map<string, FakeMachine>();
  readonly trusted = new Map<string, string>();
  /** The most handshakes that were under way at one time, over all machines. */
  mostAtOnce = 0;
  #underWay = 0;
  /** When set, handshakes wait for it. */
  hold: Promise<void> | undefined;

  machine(address: string): FakeMachine {
    const present = this.machines.get(address);
    if (present) return present;
    const machine = new FakeMachine(address);
    this.machines.set(address, machine);
    this.trusted.set(address, machine.fingerprint);
    return machine;
  }

  async connect(definition: HostDefinition, options: ConnectOptions): Promise<HostConnection> {
    if (definition.kind !== 'ssh') throw new Error('the fake connects over SSH only');
    const machine = this.machines.get(definition.address ?? '');
    if (!machine) throw new BerthError('host.unreachable', 'No such machine.');
    machine.attempts += 1;
    this.#underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay);
    try {
      return await this.#handshake(machine, definition, options);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #handshake(
    machine: FakeMachine,
    definition: Extract<HostDefinition, { kind: 'ssh' }>,
    { ask, secretOf, onStep, pinnedFingerprints = [], signal }: ConnectOptions,
  ): Promise<HostConnection> {
    const subject = `${definition.user ?? 'dev'}@${machine.address}:22`;
    onStep('dialling', null);
    await this.hold;
    if (machine.isDeaf) await new Promise<never>(() => {});
    if (machine.isSilent)
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    if (machine.refusal) throw machine.refusal;
    onStep('verifying-key', null);
    const known = this.trusted.get(machine.address);
    if (pinnedFingerprints.length > 0) {
      if (!pinnedFingerprints.includes(machine.fingerprint))
        throw new BerthError('host.key-changed', 'The key is not the one that is pinned.');
    } else if (known === undefined) {
      const { fingerprint } = machine;
      const question = {
        kind: 'host-key',
        subject,
        keyType: 'ssh-ed25519',
        fingerprint,
        alsoKnownAs: [],
      } as const;
      if (!(await ask(question))) throw new BerthError('host.key-unknown', 'The key is not trusted.');
      this.trusted.set(machine.address, fingerprint);
    } else if (known !== machine.fingerprint)
      throw new BerthError('host.key-changed', 'The key changed.', {
        details: { oldFingerprint: known, newFingerprint: machine.fingerprint },
      });
    onStep('authenticating', null);
    if (machine.password !== undefined) await this.#signIn(machine, definition, subject, ask, secretOf);
    return new FakeConnection(machine);
  }

  async #signIn(
    machine: FakeMachine,
    { auth }: Extract<HostDefinition, { kind: 'ssh' }>,
    subject: string,
    ask: ConnectOptions['ask'],
    secretOf: ConnectOptions['secretOf'],
  ): Promise<void> {
    const kept =
      auth.method === 'password' && auth.credentialId ? await secretOf(auth.credentialId) : undefined;
    if (kept?.reveal() === machine.password) return;
    for (let wasWrong = kept !== undefined, tries = 0; tries < 2; tries++, wasWrong = true) {
      const given = await ask({ kind: 'password', subject, wasWrong });
      if (given?.reveal() === machine.password) return;
      if (given === undefined) break;
    }
    throw new BerthError('host.auth-failed', 'The server refused the password.');
  }

  interpret(): Promise<never> {
    return Promise.reject(new BerthError('host.ssh-config-invalid', 'The fake reads nothing.'));
  }
  candidates(): ReturnType<HostConnector['candidates']> {
    return Promise.resolve({ candidates: [], agent: null, warnings: [] });
  }
  async replaceHostKey(
    definition: HostDefinition,
    change: { oldFingerprint: string; newFingerprint: string },
  ): Promise<void> {
    const address = definition.kind === 'ssh' ? (definition.address ?? '') : '';
    if (this.trusted.get(address) !== change.oldFingerprint)
      throw new BerthError('conflict', 'Another key is known by now.');
    this.trusted.set(address, change.newFingerprint);
  }
}

/** Engines of the fake machines: ping and info are real to the machine's state, the rest is for other tests' fakes. */
export class FakeEngineFactory implements ContainerEngineFactory {
  async open(
    openStream: Parameters<ContainerEngineFactory['open']>[0],
    signal?: AbortSignal,
  ): Promise<ContainerEngine> {
    const stream = await openStream(signal);
    if (!(stream instanceof FakeEngineStream)) throw new Error('not a stream of a fake machine');
    const { machine } = stream;
    const check = async () => {
      if (machine.isSilent || machine.engine === 'frozen') await new Promise<never>(() => {});
      if (machine.engine === 'down') throw new BerthError('engine.unreachable', 'Connection refused.');
    };
    if (machine.engineRefusal) throw machine.engineRefusal;
    await check();
    machine.enginesOpened += 1;
    let isClosed = false;
    const present: Partial<ContainerEngine> = {
      ping: check,
      info: async () => {
        await check();
        return machine.engineInfo;
      },
      listNetworks: async () => [],
      listHelpers: async () => [],
      listImages: async () => [{ id: 'sha256:1', references: ['debian:12'], sizeBytes: 1, createdAt: null }],
      close: () => {
        if (!isClosed) machine.enginesClosed += 1;
        isClosed = true;
      },
    };
    return present as ContainerEngine;
  }
}
