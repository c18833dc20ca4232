/**
 * The services of ports, forwards and apps, built in dependency order. Guarantees: nothing listens before `start`, and
 * nothing does after `close`.
 */
import type { HostId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { AccountDoor } from '../account-door.ts';
import type { HandlersOf } from '../handler.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { LocalNetwork } from '../interfaces/local-network.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import type { Belonging, Ownership } from '../ownership.ts';
import type { WorkspaceService } from '../workspaces/workspace-service.ts';
import type { AppDoor } from './app-door.ts';
import { KeptAdmissions, parseAppAdmission } from './app-admissions.ts';
import { Apps } from './apps.ts';
import type { DialService } from './dial-service.ts';
import { parseForwardRecord } from './forward.ts';
import { ForwardDirectory } from './forward-directory.ts';
import { ForwardRulesService, parseForwardRules } from './forward-rules.ts';
import { ForwardService } from './forward-service.ts';
import { LocalForwards } from './local-forwards.ts';
import type { OpenConnection } from './metered-connection.ts';
import { PortWatch } from './port-watch.ts';
import { probePort } from './probe.ts';
import { duplexOver } from './relayed-duplex.ts';
import { RemoteForwards } from './remote-forwards.ts';
import { Ways } from './ways.ts';
import { WorkspaceFollower } from './workspace-follower.ts';

export interface ForwardPartsDeps {
  readonly store: RecordStore;
  readonly links: HostLinks;
  readonly workspaces: WorkspaceService;
  readonly dials: DialService;
  readonly ownership: Ownership;
  /** Whether whoever asked for a link may still do so. */
  readonly accounts: Pick<AccountDoor, 'callerOfSession' | 'callerOfUser'>;
  readonly localNetwork: LocalNetwork;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface ForwardParts {
  readonly apps: AppDoor;
  readonly handlers: HandlersOf<'forwards'>;
  readonly belongingOf: (id: string) => Belonging | undefined;
  connectionsInto(id: WorkspaceId): readonly OpenConnection[];
  /** Something else than its link decides anew whether a host may be worked on. */
  hostChanged(hostId: HostId | null): void;
  /** A person's workspaces are to become another's. */
  beforeHandingOver(from: UserId): Promise<void>;
  /** They have. */
  afterHandingOver(): void;
  load(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export function createForwardParts(deps: ForwardPartsDeps): ForwardParts {
  const { store, links, workspaces, dials, clock, random, localNetwork: network } = deps;
  const { ownership } = deps;
  const log = deps.log.child({ noun: 'forwards' });
  const ways = new Ways({ links, directory: workspaces.directory, clock });
  const directory = new ForwardDirectory({
    records: store.collection('forwards', parseForwardRecord),
    workspaces: workspaces.directory,
    ways,
    clock,
  });
  const admissions = new KeptAdmissions(store.collection('app-admissions', parseAppAdmission), log);
  const apps = new Apps({ directory, workspaces, dials, accounts: deps.accounts, admissions, log });
  const shared = { directory, workspaces: workspaces.directory, network, dials, ways, clock, log };
  const probe = async (id: WorkspaceId, port: number) => {
    const connect = async () => duplexOver(await dials.open(id, { port }));
    const protocol = await probePort(connect, { port, clock });
    // Of one that was silent nothing is kept: a server that was busy speaks when it is asked again.
    if (protocol !== undefined) ports.answered(id, port, protocol);
    return protocol ?? 'tcp';
  };
  const forwards = new ForwardService({
    ...shared,
    apps,
    locals: new LocalForwards(shared),
    remotes: new RemoteForwards(shared),
    probe,
    random,
  });
  const rules = new ForwardRulesService({
    ...shared,
    records: store.collection('forward-rules', parseForwardRules),
    forwards,
  });
  const ports = new PortWatch({
    ...shared,
    links,
    directory: workspaces.directory,
    isRuled: (id) => rules.isRuled(id),
    ownPorts: (id) => directory.ownPorts(id),
  });
  const stopRules = ports.onSeen((seen) => rules.saw(seen));
  const follower = new WorkspaceFollower({
    workspaces: workspaces.directory,
    followers: [forwards, rules],
    log,
  });

  return {
    apps,
    belongingOf: (id) => directory.belongingOf(id),
    connectionsInto: (id) => dials.connectionsInto(id),
    handlers: {
      'forwards.watch': (_input, { caller, signal }) =>
        directory.collection.watch(signal, ownership.shownTo(caller)),
      'forwards.ports': (_input, { caller, signal }) => ports.watch(signal, ownership.shownTo(caller)),
      'forwards.rules': (_input, { caller, signal }) =>
        rules.collection.watch(signal, ownership.shownTo(caller)),
      'forwards.setRules': async ({ workspaceId, ...wish }) => {
        const set = await rules.set({ ...wish, id: workspaceId });
        ports.lookAtAll();
        return set;
      },
      'forwards.create': (wish) => forwards.create(wish),
      'forwards.edit': (wish) => forwards.edit(wish),
      'forwards.start': ({ id }) => forwards.startForward(id),
      'forwards.stop': ({ id }) => forwards.stopForward(id),
      'forwards.restart': ({ id }) => forwards.restartForward(id),
      'forwards.remove': async ({ id }) => {
        await forwards.remove(id);
        return {};
      },
      'forwards.open': async ({ id, shownIn }, { caller }) => {
        await forwards.learnProtocol(id);
        const { url, expiresAtMs } = await apps.open(id, shownIn, caller);
        return { url, expiresAt: new Date(expiresAtMs).toISOString() };
      },
      'forwards.openPort': ({ workspaceId, port }) => forwards.openPort(workspaceId, port),
      'forwards.probe': async ({ workspaceId, port }) => ({ protocol: await probe(workspaceId, port) }),
    },
    hostChanged: (hostId) => ways.hostChanged(hostId),
    async beforeHandingOver(from) {
      await rules.beforeHandingOver(from);
      await forwards.beforeHandingOver(from);
    },
    afterHandingOver() {
      rules.afterHandingOver();
      forwards.afterHandingOver();
      ports.showAnew();
    },
    async load() {
      await forwards.load(store.isReadOnly);
      await rules.load();
      await admissions.load(clock.nowMs());
      if (!store.isReadOnly) await follower.catchUp();
    },
    start() {
      forwards.start();
      ports.start();
    },
    async close() {
      stopRules();
      ports.close();
      await follower.close();
      await rules.close();
      await forwards.close();
      await admissions.close();
      ways.close();
    },
  };
}
