/**
 * Makes connections to hosts: SSH ones here, hop by hop; local ones through the connector it is given. Owns the limit of
 * handshakes and Berth's known hosts. Must hold no secret longer than the connection lives that it was given for.
 */
import { userInfo } from 'node:os';
import type { ConnectStep, HostDefinition, LocalDefinition, SshDefinition } from '#contract/hosts.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { HostConnection } from '../../control-plane/interfaces/host-connection.ts';
import type {
  Ask,
  ConnectOptions,
  HostConnector,
  InterpretedTarget,
} from '../../control-plane/interfaces/host-connector.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { type AgentAndCandidates, sshCandidates } from './candidates.ts';
import { HandshakeLimiter } from './handshake-limiter.ts';
import { HostKeyCheck, type PinnedHostKeys } from './host-key-check.ts';
import type { LoginMemory } from './identities.ts';
import { interpretText } from './interpret.ts';
import { KnownHostsStore } from './known-hosts-store.ts';
import { type Login, type LoginDeps, logIn } from './login.ts';
import { loadSshConfig, SYSTEM_CONFIG } from './ssh-config.ts';
import { SshConnection } from './ssh-connection.ts';
import { SshLink } from './ssh-link.ts';
import { type Hop, resolveTarget } from './target.ts';

/** What adapters/system offers: the engine of this computer. */
export interface LocalConnector {
  connect(
    definition: LocalDefinition,
    options: Pick<ConnectOptions, 'signal' | 'onStep'>,
  ): Promise<HostConnection>;
  candidates(): Promise<{ candidates: AgentAndCandidates['candidates']; warnings: string[] }>;
}

export interface HostConnectorDeps {
  readonly local: LocalConnector;
  /** Berth's own file. */
  readonly knownHostsPath: string;
  readonly homeFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly clock: Clock;
  /** resources/remote */
  readonly remoteScriptsFolder: string;
  /** The system's ssh_config; default /etc/ssh/ssh_config. Null reads none. */
  readonly systemConfigPath?: string | null;
  /** Default: the login name of this process. */
  readonly localUser?: string;
}

export function createHostConnector(deps: HostConnectorDeps): HostConnector {
  const hostKeys = new HostKeyCheck({ store: new KnownHostsStore(deps.knownHostsPath) });
  const limiter = new HandshakeLimiter();
  const loginDeps: LoginDeps = { ...deps, hostKeys, limiter };
  const loadConfig = () =>
    loadSshConfig({
      homeFolder: deps.homeFolder,
      env: deps.env,
      localUser: deps.localUser ?? userInfo().username,
      systemFile: deps.systemConfigPath === null ? undefined : (deps.systemConfigPath ?? SYSTEM_CONFIG),
    });

  return {
    async connect(definition, options) {
      if (definition.kind === 'local') return deps.local.connect(definition, options);
      const hops = resolveTarget(definition, await loadConfig());
      return connectThrough(hops, definition, options);
    },

    async interpret(text): Promise<InterpretedTarget> {
      return interpretText(text, await loadConfig());
    },

    async candidates() {
      const [local, ssh] = await Promise.all([
        deps.local.candidates(),
        loadConfig().then((config) => sshCandidates(config, deps.env)),
      ]);
      return {
        candidates: [...local.candidates, ...ssh.candidates],
        agent: ssh.agent,
        warnings: [...local.warnings, ...ssh.warnings],
      };
    },

    async replaceHostKey(definition: HostDefinition, change) {
      if (definition.kind === 'local') throw new BerthError('conflict', 'This computer has no host key.');
      await hostKeys.replace(resolveTarget(definition, await loadConfig()), change);
    },
  };

  async function connectThrough(
    hops: [...Hop[], Hop],
    definition: SshDefinition,
    options: ConnectOptions,
  ): Promise<HostConnection> {
    const target = hops.at(-1) as Hop;
    const links: SshLink[] = [];
    const memory = new Map(hops.map((hop) => [hop, emptyMemory()]));
    const closeAll = () => {
      for (const link of [...links].reverse()) link.close();
    };
    const logInTo = (
      hop: Hop,
      via: SshLink | undefined,
      how: Pick<ConnectOptions, 'signal' | 'ask' | 'onStep'>,
      pinned: PinnedHostKeys | undefined,
    ) =>
      logIn(
        {
          hop,
          via: via && { client: via.client, name: via.subject.hop },
          memory: memory.get(hop) as LoginMemory,
          signal: how.signal,
          ask: how.ask,
          secretOf: options.secretOf,
          onStep: (step: ConnectStep) => how.onStep(step, hop.isTarget ? null : hop.name),
          pinned,
        },
        loginDeps,
      );
    let login: Login | undefined;
    try {
      for (const hop of hops) {
        const pinned = hop.isTarget ? pinnedOf(options) : undefined;
        login = await logInTo(hop, links.at(-1), options, pinned);
        const link = new SshLink(login, subjectOf(hop), deps.clock);
        // A lost jump host takes the rest of the way with it.
        for (const inner of links.slice(-1)) inner.onLost((error) => link.die(error));
        links.push(link);
      }
    } catch (error) {
      closeAll();
      throw error;
    }
    const primary = links.pop() as SshLink;
    const { hostKey, server } = login as Login;
    // Not a line for each time: a way that flaps would fill the log, and what was learnt is kept as the host's facts.
    deps.log.debug('connected', { hop: target.name, hops: hops.length, server });
    return new SshConnection({
      primary,
      learnt: { sshServer: server, hostKey },
      openLink: async (signal) => {
        const quiet = { signal, ask: askNobody as Ask, onStep: () => undefined };
        // The same server as the first time, whatever the files say by now.
        const same = { fingerprints: [hostKey.fingerprint], keyTypes: [hostKey.type] };
        const further = await logInTo(target, links.at(-1), quiet, same);
        return new SshLink(further, subjectOf(target), deps.clock);
      },
      closeJumps: closeAll,
      engineSocket: definition.engineSocket,
      user: target.user,
      remoteScriptsFolder: deps.remoteScriptsFolder,
      clock: deps.clock,
      log: deps.log,
    });
  }
}

async function askNobody(): Promise<undefined> {
  return undefined;
}

/** The type of the keys that Berth gives to machines. */
const PINNED_TYPES = ['ssh-ed25519'];

function pinnedOf({ pinnedFingerprints = [] }: ConnectOptions): PinnedHostKeys | undefined {
  if (pinnedFingerprints.length === 0) return undefined;
  return { fingerprints: pinnedFingerprints, keyTypes: PINNED_TYPES };
}

function emptyMemory(): LoginMemory {
  return { passphrases: new Map(), answers: new Map() };
}

function subjectOf(hop: Hop): { hop: string; address: string; port: number } {
  return { hop: hop.name, address: hop.address, port: hop.port };
}
