/**
 * What everything costs, as a value that is watched. Owns when it is counted anew (after changes, and every minute) and
 * the warnings of budgets in the log. Writes nothing and asks no provider.
 */
import type { BudgetState, Cloud, CostReport } from '#contract/clouds.ts';
import type { CloudId } from '#contract/ids.ts';
import type { z } from 'zod';
import { Watched } from '../changes.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { CloudProvider } from '../interfaces/cloud-provider.ts';
import type { Log } from '../interfaces/log.ts';
import { monthOf } from './billing.ts';
import { costReport } from './costs.ts';
import type { FoundDirectory } from './found-directory.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import type { MachineDirectory } from './machine-directory.ts';
import type { Reconciler } from './reconciler.ts';

/** Milliseconds between two counts while nothing changes. */
const EVERY_MS = 60_000;
/** Milliseconds after a change: a look at an account brings hundreds at once. */
const AFTER_CHANGE_MS = 250;

/** What is asked of the accounts. */
export interface CountedAccounts {
  ids(): CloudId[];
  readonly collection: {
    get(id: CloudId): Pick<Cloud, 'label' | 'provider' | 'budget'> | undefined;
    /** Brings something after each change. */
    watch(signal: AbortSignal): AsyncIterable<unknown>;
  };
}

export interface CostServiceDeps {
  readonly accounts: CountedAccounts;
  readonly providers: readonly CloudProvider[];
  readonly directory: MachineDirectory;
  readonly finds: FoundDirectory;
  readonly ledger: Ledger;
  readonly keeper: LedgerKeeper;
  readonly reconciler: Pick<Reconciler, 'stateOf' | 'onLook'>;
  readonly clock: Clock;
  readonly log: Log;
}

type Level = z.infer<typeof BudgetState>['level'];
const severity: Readonly<Record<Level, number>> = { none: 0, within: 0, near: 1, over: 2 };

export class CostService {
  readonly #deps: CostServiceDeps;
  readonly #report: Watched<CostReport>;
  readonly #stop = new AbortController();
  readonly #ends: (() => void)[] = [];
  /** What was warned of already, by account; a new month warns anew. */
  readonly #warned = new Map<CloudId, { monthMs: number; level: Level }>();
  #stopTimer: () => void = () => {};
  #isDue = false;

  constructor(deps: CostServiceDeps) {
    this.#deps = deps;
    this.#report = new Watched(this.#count());
  }

  start(): void {
    const { accounts, directory, finds, ledger, log, reconciler } = this.#deps;
    const changed = () => this.#soon();
    this.#ends.push(
      directory.onChange(changed),
      finds.onChange(changed),
      ledger.onChange(changed),
      reconciler.onLook(changed),
    );
    const follow = async () => {
      for await (const _ of accounts.collection.watch(this.#stop.signal)) this.#soon();
    };
    follow().catch((cause: unknown) => log.error('changes of accounts are not counted any more', { cause }));
    this.#tick();
  }

  close(): void {
    this.#stop.abort();
    for (const end of this.#ends.splice(0)) end();
    this.#stopTimer();
  }

  /** The present report first. */
  watch(signal: AbortSignal): AsyncGenerator<CostReport> {
    this.#report.set(this.#count());
    return this.#report.watch(signal);
  }

  #soon(): void {
    if (this.#isDue || this.#stop.signal.aborted) return;
    this.#isDue = true;
    this.#stopTimer();
    this.#stopTimer = this.#deps.clock.after(AFTER_CHANGE_MS, () => this.#tick());
  }

  #tick(): void {
    this.#isDue = false;
    const report = this.#count();
    this.#warn(report);
    this.#report.set(report);
    this.#stopTimer();
    this.#stopTimer = this.#deps.clock.after(EVERY_MS, () => this.#tick());
  }

  #count(): CostReport {
    const { accounts, clock, directory, finds, keeper, ledger, providers, reconciler } = this.#deps;
    const counted = accounts.ids().flatMap((id) => {
      const account = accounts.collection.get(id);
      if (account === undefined) return [];
      const rule = providers.find(({ info }) => info.id === account.provider)?.billing;
      const { budget, label } = account;
      return [{ id, label, budget, rule, nowMs: keeper.nowMs(id), look: reconciler.stateOf(id) }];
    });
    return costReport({
      nowMs: counted[0]?.nowMs ?? clock.nowMs(),
      accounts: counted,
      things: ledger.things(),
      records: directory.records(),
      finds: finds.records(),
    });
  }

  #warn({ budgets }: CostReport): void {
    const { accounts, keeper, log } = this.#deps;
    for (const { cloudId, forecastUsd, level, monthlyUsd, spentUsd } of budgets) {
      const monthMs = monthOf(keeper.nowMs(cloudId)).beganMs;
      const before = this.#warned.get(cloudId);
      const warned = before?.monthMs === monthMs ? severity[before.level] : 0;
      this.#warned.set(cloudId, { monthMs, level });
      if (severity[level] <= warned) continue;
      log.warn(level === 'over' ? 'a budget is used up' : 'a budget is nearly used up', {
        account: accounts.collection.get(cloudId)?.label,
        monthlyUsd,
        spentUsd,
        forecastUsd,
      });
    }
  }
}
