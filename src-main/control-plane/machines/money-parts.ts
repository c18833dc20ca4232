/**
 * What keeps Berth from losing a machine, and counts what all of them cost: the services of that, built in dependency order,
 * and their handlers. Guarantees: nothing runs before `start`, all of it ends with `close`.
 */
import type { CloudId } from '#contract/ids.ts';
import type { HandlersOf } from '../handler.ts';
import type { HostService } from '../hosts/host-service.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { CloudProvider } from '../interfaces/cloud-provider.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import type { OperationStarter } from '../operations/operation-definition.ts';
import type { CloudClients } from './cloud-clients.ts';
import { CostService, type CountedAccounts } from './cost-service.ts';
import { destroyFoundDefinition } from './destroy-found.ts';
import { FoundDirectory } from './found-directory.ts';
import { FoundService, type FoundServiceDeps } from './found-service.ts';
import { Ledger } from './ledger.ts';
import { LedgerKeeper } from './ledger-keeper.ts';
import type { MachineDirectory } from './machine-directory.ts';
import { Reconciler } from './reconciler.ts';
import { Reconciliation } from './reconciliation.ts';

export interface MoneyPartsDeps {
  readonly accounts: CloudClients & CountedAccounts & { noteReconciled(id: CloudId): Promise<void> };
  readonly providers: readonly CloudProvider[];
  readonly installation: string;
  readonly store: RecordStore;
  readonly directory: MachineDirectory;
  readonly operations: OperationStarter;
  readonly hosts: Pick<HostService, 'all' | 'watch' | 'addForMachine'>;
  readonly keptKeys: FoundServiceDeps['keptKeys'];
  readonly clock: Clock;
  readonly random: Pick<Random, 'id' | 'fraction'>;
  readonly log: Log;
}

export interface MoneyParts {
  readonly handlers: Pick<
    HandlersOf<'clouds'>,
    'clouds.costs' | 'clouds.found' | 'clouds.adoptFound' | 'clouds.destroyFound' | 'clouds.dismissFound'
  >;
  readonly ledger: Ledger;
  readonly finds: FoundDirectory;
  /** Compares the account anew: for `clouds.check`. Throws cloud.*, credential.*. */
  check(id: CloudId, signal: AbortSignal): Promise<void>;
  /** Reads records and defines the operation: after the machines' records, before operations recover. */
  load(): Promise<void>;
  /** After operations recover. */
  start(): void;
  close(): Promise<void>;
}

export function createMoneyParts(deps: MoneyPartsDeps): MoneyParts {
  const { accounts, clock, directory, hosts, log, operations, random, store } = deps;
  const stop = new AbortController();
  const ledger = new Ledger({ store, log });
  const keeper = new LedgerKeeper({ store, directory, ledger, clock });
  const finds = new FoundDirectory({ store, clock, random });
  const lookSoon = (id: CloudId): void => {
    reconciler.check(id, stop.signal).catch(() => undefined);
  };
  const destroyFound = destroyFoundDefinition({
    clients: accounts,
    directory,
    finds,
    ledger,
    keeper,
    clock,
    lookSoon,
  });
  const found = new FoundService({
    clients: accounts,
    directory,
    finds,
    operations,
    destroyFound,
    hosts,
    keptKeys: deps.keptKeys,
    clock,
    random,
  });
  const reconciliation = new Reconciliation({
    directory,
    finds,
    ledger,
    keeper,
    operations,
    installation: deps.installation,
    clock,
    log,
    onRefreshed: (id) => found.linkHost(id),
  });
  const reconciler: Reconciler = new Reconciler({
    clients: accounts,
    reconciliation,
    clock,
    random,
    log,
    onReconciled: (id) => accounts.noteReconciled(id),
  });
  const costs = new CostService({
    accounts,
    providers: deps.providers,
    directory,
    finds,
    ledger,
    keeper,
    reconciler,
    clock,
    log,
  });
  const followHosts = async () => {
    for await (const _ of hosts.watch(stop.signal)) await found.linkHosts();
  };
  return {
    handlers: {
      'clouds.costs': (_input, { signal }) => costs.watch(signal),
      'clouds.found': (_input, { signal }) => found.watch(signal),
      'clouds.adoptFound': (input, { caller, signal }) => found.adopt(input, caller.userId, signal),
      'clouds.destroyFound': (input, { caller }) => found.destroy(input, caller.userId),
      'clouds.dismissFound': (input) => found.dismiss(input),
    },
    ledger,
    finds,
    check: (id, signal) => reconciler.check(id, signal),
    async load() {
      operations.define(destroyFound);
      await ledger.load();
      await keeper.load();
      await finds.load();
    },
    start() {
      keeper.start();
      reconciler.start();
      costs.start();
      followHosts().catch((cause: unknown) =>
        log.error('hosts are not matched with machines any more', { cause }),
      );
    },
    async close() {
      stop.abort();
      costs.close();
      await reconciler.close();
      keeper.close();
      await ledger.settled();
    },
  };
}
