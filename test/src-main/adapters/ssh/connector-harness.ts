/** A connector as the control plane makes one, with a person who answers from a script and a home folder of its own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SshAuth, SshDefinition } from '#contract/hosts.ts';
import type { CredentialId } from '#contract/ids.ts';
import { createHostConnector, type LocalConnector } from '#main/adapters/ssh/host-connector.ts';
import type { Clock } from '#main/control-plane/interfaces/clock.ts';
import type { HostConnection } from '#main/control-plane/interfaces/host-connection.ts';
import type {
  Ask,
  ConnectOptions,
  HostConnector,
  HostKeyQuestion,
  KeyboardInteractiveQuestion,
  PassphraseQuestion,
  PasswordQuestion,
} from '#main/control-plane/interfaces/host-connector.ts';
import type { Log, LogFields } from '#main/control-plane/interfaces/log.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

export type AnyQuestion =
  | HostKeyQuestion
  | PasswordQuestion
  | PassphraseQuestion
  | KeyboardInteractiveQuestion;

export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

/** Keeps what is logged, so that a test can look for secrets in it. */
export class MemoryLog implements Log {
  readonly lines: string[] = [];
  debug(message: string, fields?: LogFields): void {
    this.lines.push(`${message} ${JSON.stringify(fields)}`);
  }
  info(message: string, fields?: LogFields): void {
    this.debug(message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.debug(message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.debug(message, fields);
  }
  child(): Log {
    return this;
  }
}

const noLocal: LocalConnector = {
  connect: async () => {
    throw new Error('This test has no local engine.');
  },
  candidates: async () => ({ candidates: [], warnings: [] }),
};

export class ConnectorHarness implements AsyncDisposable {
  readonly homeFolder: string;
  readonly knownHostsPath: string;
  readonly connector: HostConnector;
  readonly log = new MemoryLog();
  readonly questions: AnyQuestion[] = [];
  readonly steps: string[] = [];
  readonly env: Record<string, string | undefined>;
  readonly secrets = new Map<string, Secret>();
  /** Answers a question; default: yes to host keys, nothing else. */
  answer: (question: AnyQuestion) => unknown = (question) =>
    question.kind === 'host-key' ? true : undefined;
  readonly #connections: HostConnection[] = [];

  constructor(homeFolder: string, env: Record<string, string | undefined> = {}, clock: Clock = realClock) {
    this.homeFolder = homeFolder;
    this.env = env;
    this.knownHostsPath = join(homeFolder, 'berth', 'known_hosts');
    this.connector = createHostConnector({
      local: noLocal,
      knownHostsPath: this.knownHostsPath,
      homeFolder,
      env,
      log: this.log,
      clock,
      remoteScriptsFolder: fileURLToPath(new URL('../../../../resources/remote', import.meta.url)),
      systemConfigPath: null,
      localUser: 'tester',
    });
  }

  static async create(env: Record<string, string | undefined> = {}): Promise<ConnectorHarness> {
    const homeFolder = await mkdtemp(join(tmpdir(), 'berth-ssh-'));
    await mkdir(join(homeFolder, '.ssh'), { mode: 0o700 });
    return new ConnectorHarness(homeFolder, env);
  }

  readonly ask: Ask = async (question: AnyQuestion): Promise<never> => {
    this.questions.push(question);
    return (await this.answer(question)) as never;
  };

  options(more: Partial<ConnectOptions> = {}): ConnectOptions {
    return {
      signal: new AbortController().signal,
      ask: this.ask,
      secretOf: async (id) => this.secrets.get(id),
      onStep: (step, hop) => this.steps.push(hop === null ? step : `${step} ${hop}`),
      ...more,
    };
  }

  async connect(definition: SshDefinition, more: Partial<ConnectOptions> = {}): Promise<HostConnection> {
    const connection = await this.connector.connect(definition, this.options(more));
    this.#connections.push(connection);
    return connection;
  }

  /** Keeps a secret and returns its reference. */
  keep(value: string): CredentialId {
    const id = `cred_${String(this.secrets.size).padStart(20, '0')}` as CredentialId;
    this.secrets.set(id, new Secret(value));
    return id;
  }

  writeConfig(text: string): Promise<void> {
    return writeFile(join(this.homeFolder, '.ssh', 'config'), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await rm(this.homeFolder, { recursive: true, force: true });
  }
}

export function definitionFor(
  place: { address: string; port?: number },
  user: string,
  auth: SshAuth,
  more: Partial<SshDefinition> = {},
): SshDefinition {
  return {
    kind: 'ssh',
    configName: null,
    address: place.address,
    port: place.port ?? 22,
    user,
    auth,
    jumps: [],
    engineSocket: null,
    ...more,
  };
}

export function keyFile(path: string): SshAuth {
  return { method: 'key', source: { kind: 'file', path }, passphraseId: null };
}
