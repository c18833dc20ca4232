/** What Berth knows of an account, for the comparison with what is there. */
import type { CloudId, OperationId } from '#contract/ids.ts';
import type { LedgerRow } from './ledger-row.ts';
import type { MachineRecord } from './machine.ts';

export interface Known {
  readonly cloudId: CloudId;
  readonly installation: string;
  /** Of this account. */
  readonly records: readonly MachineRecord[];
  /** Machines of this account that Berth or the ledger has seen, by the provider's id. */
  readonly machines: ReadonlyMap<string, LedgerRow>;
  /** What is there as far as the ledger knows, of this account. */
  readonly open: readonly LedgerRow[];
  isUnfinished(operationId: OperationId): boolean;
  /** An operation works on it. */
  isMoving(record: MachineRecord): boolean;
}
