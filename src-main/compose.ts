/**
 * The composition root: configuration → adapters → control plane. The one file that sees all of them. Whoever starts it
 * (the command line, the desktop's utility process, a test) adds the carriers and closes what it got.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Connection } from '#contract/frame.ts';
import { createKnownPasswords } from './adapters/accounts/known-password-list.ts';
import { createEarlierSessions } from './adapters/accounts/earlier-session-file.ts';
import { createScryptPasswordHasher } from './adapters/accounts/scrypt-password-hasher.ts';
import { createSealer } from './adapters/accounts/sealed-texts.ts';
import { openSecretKey } from './adapters/accounts/secret-key.ts';
import { createSmtpMailer } from './adapters/accounts/smtp-mailer.ts';
import { createTotpCodes } from './adapters/accounts/totp-codes.ts';
import { createDigitalOcean } from './adapters/digitalocean/digitalocean.ts';
import { createContainerEngineFactory } from './adapters/docker/container-engine.ts';
import { KeychainSecretStore } from './adapters/keychain/keychain-secret-store.ts';
import { backUp } from './adapters/database/data-copies.ts';
import { openStore } from './adapters/database/open-store.ts';
import { createScreenKeeper } from './adapters/screen/screen-keeper.ts';
import { createSchedules } from './adapters/schedule/cron-schedules.ts';
import { describeKey } from './adapters/ssh/describe-key.ts';
import { createHostConnector } from './adapters/ssh/host-connector.ts';
import { createSshKeyMaker } from './adapters/ssh/key-maker.ts';
import { KnownHostsStore } from './adapters/ssh/known-hosts-store.ts';
import { knownHostName } from './adapters/ssh/known-hosts.ts';
import { createArchiver } from './adapters/system/archiver.ts';
import { createArchiveShelf } from './adapters/system/archive-shelf.ts';
import { readAddHostFile } from './adapters/system/add-host-file.ts';
import { createSystemClock } from './adapters/system/clock.ts';
import { type Computer, installationTag, thisComputer } from './adapters/system/computer.ts';
import { createEntryCache } from './adapters/system/entry-cache.ts';
import { createFileLog } from './adapters/system/file-log.ts';
import { ensureDataFolder } from './adapters/system/folders.ts';
import { createLocalConnector } from './adapters/system/local-connector.ts';
import { createLocalNetwork } from './adapters/system/local-network.ts';
import { createNetworkWatch } from './adapters/system/network-watch.ts';
import { createSystemRandom } from './adapters/system/random.ts';
import { readLeaseScript, readSetupScript } from './adapters/system/setup-script.ts';
import { createMultiplexerFactory } from './adapters/tmux/tmux-multiplexer.ts';
import { type Config, servedDefaults } from './config.ts';
import type { Caller } from './control-plane/caller.ts';
import { type ControlPlane, createControlPlane } from './control-plane/control-plane.ts';
import { createDispatcher } from './control-plane/dispatcher.ts';
import type { Clock } from './control-plane/interfaces/clock.ts';
import type { CloudProvider } from './control-plane/interfaces/cloud-provider.ts';
import type { Log } from './control-plane/interfaces/log.ts';
import type { NetworkWatch } from './control-plane/interfaces/network-watch.ts';
import { Secret } from './control-plane/interfaces/secret.ts';
import type { Plane } from './control-plane/plane.ts';
import type { QuotaSource } from './control-plane/quotas/quota-source.ts';
import { parseKeptReply } from './server/rest/idempotency.ts';
import { guestLimits, serveConnection } from './server/serve-connection.ts';

export interface ComposeOptions {
  /** Default: the computer that this runs on. */
  readonly computer?: Computer;
  /** Default: the network of the computer that this runs on. */
  readonly network?: NetworkWatch;
  /** For tests: handlers' answers are checked against the contract too. */
  readonly isOutputChecked?: boolean;
  /** For tests: who is a person here and how much each may have. */
  readonly people?: QuotaSource;
  /** For tests: the clock by which workspaces and terminals end by themselves. */
  readonly lifecycleClock?: Clock;
  /** Default: those that this Berth has an adapter for. */
  readonly cloudProviders?: readonly CloudProvider[];
  /** Told of each line of the log. */
  readonly onLogLine?: (line: string) => void;
}

/**
 * Throws store.in-use, store.unwritable, or invalid-input for a bad `--add-host` file. Nothing stays open then.
 */
export async function compose(
  config: Pick<Config, 'version' | 'dataFolder' | 'remoteScriptsFolder' | 'addHostFile'> &
    Partial<Pick<Config, 'served' | 'mode' | 'digitalOceanApiUrl'>>,
  options: ComposeOptions = {},
): Promise<Plane> {
  const { platform, homeFolder, env } = options.computer ?? thisComputer();
  const { dataFolder, remoteScriptsFolder, served = servedDefaults, digitalOceanApiUrl = null } = config;
  const clock = createSystemClock();
  const random = createSystemRandom();
  await ensureDataFolder(dataFolder);
  const { onLogLine } = options;
  const log = createFileLog({ folder: dataFolder, clock, ...(onLogLine ? { onLine: onLogLine } : {}) });
  /** Ends what was opened so far, last first. */
  const ends: (() => void | Promise<void>)[] = [() => log.close()];
  const endAll = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const { store, recovery } = await openStore({
      folder: dataFolder,
      databaseUrl: served.databaseUrl,
      clock,
      log,
    });
    ends.push(() => store.close());
    const deriveKey = await openSecretKey(served.secretKey, dataFolder);
    // A key that Berth made itself lies beside the vault and would be no lock: only one that was given opens it.
    const unattended =
      served.secretKey === null
        ? {}
        : { unattendedPassphrase: new Secret(Buffer.from(deriveKey('vault')).toString('base64')) };
    const secrets = new KeychainSecretStore({
      folder: dataFolder,
      clock,
      random,
      log,
      platform,
      env,
      ...unattended,
    });
    await secrets.openUnattended();
    const knownHostsPath = `${dataFolder}/known_hosts`;
    const connector = createHostConnector({
      local: createLocalConnector({ env, homeFolder, clock, log, remoteScriptsFolder }),
      knownHostsPath,
      homeFolder,
      env,
      log,
      clock,
      remoteScriptsFolder,
    });
    const ownNetwork = createNetworkWatch({ clock });
    ends.push(() => ownNetwork.close());
    const plane = await createControlPlane({
      about: {
        version: config.version,
        platform,
        dataFolder,
        isReadOnly: store.isReadOnly,
        notice: recovery?.notice ?? null,
      },
      store,
      secrets,
      connector,
      cloudProviders: options.cloudProviders ?? [
        createDigitalOcean({
          clock,
          log: log.child({ adapter: 'digitalocean' }),
          ...(digitalOceanApiUrl === null ? {} : { baseUrl: digitalOceanApiUrl }),
        }),
      ],
      engines: createContainerEngineFactory({ log, clock, remoteScriptsFolder }),
      multiplexers: createMultiplexerFactory({ log, clock, remoteScriptsFolder }),
      entryCache: createEntryCache(dataFolder),
      archiveShelf: createArchiveShelf(dataFolder),
      archiver: createArchiver(),
      schedules: createSchedules(),
      describeKey,
      keyMaker: createSshKeyMaker(),
      cloudSetupScript: await readSetupScript(remoteScriptsFolder),
      leaseScript: await readLeaseScript(remoteScriptsFolder),
      createScreenKeeper,
      network: options.network ?? ownNetwork,
      localNetwork: createLocalNetwork(),
      accounts: {
        rules: {
          registration: served.registration,
          defaultQuota: served.defaultQuota,
          issuersThatMakeUsers: served.oidc.flatMap(({ issuer, makesUsers }) => (makesUsers ? [issuer] : [])),
        },
        hasher: createScryptPasswordHasher(),
        knownPasswords: createKnownPasswords(),
        codes: createTotpCodes(),
        sealer: createSealer(deriveKey('second-factor')),
        mailer: served.smtp === null ? null : createSmtpMailer(served.smtp),
        earlierSessions: createEarlierSessions(dataFolder, log),
      },
      // Rules that close a host's own services and its metadata to workspaces; where the login may not set them, the
      // doctor says so. This computer's own rules are left alone.
      mayGuard: ({ definition }) => definition.kind === 'ssh',
      clock,
      random,
      log,
      terminalTag: installationTag(dataFolder),
      firstWorkspace: served.firstWorkspace,
      idleTimeoutMs: served.idleTimeoutMs,
      measuresVolumes: config.mode === 'served',
      ...(options.people === undefined ? {} : { people: options.people }),
      ...(options.lifecycleClock === undefined ? {} : { lifecycleClock: options.lifecycleClock }),
    });
    ends.push(() => plane.close());
    if (config.addHostFile !== null && !store.isReadOnly)
      await addHost(plane, config.addHostFile, new KnownHostsStore(knownHostsPath));
    const { dispatcher, serve, endConnections } = carry(plane, log, random, options.isOutputChecked ?? false);
    ends.push(endConnections);
    log.info('Berth is up', { version: config.version, dataFolder, isReadOnly: store.isReadOnly });
    const wake: Plane['wake'] = (reason) => plane.hosts.wake(reason);
    const { handlers, guests, apps, accounts, operator } = plane;
    const health = () => plane.health();
    const copied = { store, folder: dataFolder, version: config.version, clock };
    return {
      handlers,
      guests,
      apps,
      accounts,
      operator,
      health,
      deriveKey,
      dispatcher,
      keptReplies: store.collection('kept-replies', parseKeptReply),
      log,
      serve,
      wake,
      backUp: () => backUp(copied),
      close: endAll,
    };
  } catch (error) {
    await endAll();
    throw error;
  }
}

function carry(
  plane: ControlPlane,
  log: Log,
  random: Parameters<typeof createDispatcher>[1]['random'],
  isOutputChecked: boolean,
) {
  const dispatcher = createDispatcher(plane.handlers, {
    log,
    random,
    gate: plane.ownership,
    isOutputChecked,
    guestHandlers: plane.guestHandlers,
    onDispatched: (call) => plane.onDispatched(call),
  });
  const open = new Set<(reason: BerthError) => void>();
  const serve = (connection: Connection, caller: Caller): void => {
    const limits = caller.guest === undefined ? {} : guestLimits;
    const end = serveConnection({ connection, dispatcher, caller, log, limits });
    open.add(end);
    connection.onClose(() => open.delete(end));
  };
  const endConnections = (): void => {
    for (const end of open) end(new BerthError('connection-lost', 'Berth is ending.'));
  };
  return { dispatcher, serve, endConnections };
}

/** Adds the host of a file unless there is one of its name, and trusts the key that the file says. */
async function addHost(plane: ControlPlane, path: string, knownHosts: KnownHostsStore): Promise<void> {
  const { name, definition, hostKey } = await readAddHostFile(path);
  if (plane.hosts.all().some((host) => host.name === name)) return;
  if (hostKey !== undefined && definition.address !== null)
    await knownHosts.add(knownHostName(definition.address, definition.port ?? 22), hostKey);
  await plane.hosts.add({ name, definition });
}
