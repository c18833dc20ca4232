/** What resources/remote/lease.sh says, read: pure. The host is not trusted. */
import { WorkspaceId } from '#contract/ids.ts';
import type { HostLease } from '#contract/lifecycles.ts';
import { parseScriptReport, type ScriptReport } from '../hosts/script-report.ts';

export interface LeaseReport {
  readonly state: HostLease['state'];
  readonly how: HostLease['how'];
  readonly limits: readonly string[];
  /** Why it could not be done; null: it was. */
  readonly reason: string | null;
  /** Seconds of the host's clock until which each may run. */
  readonly untilS: ReadonlyMap<WorkspaceId, number>;
  /** The host's clock; null: it did not say. */
  readonly nowS: number | null;
  /** Whose lease was damaged there, so that it stopped nothing. */
  readonly unreadable: readonly WorkspaceId[];
  /** What was stopped, in the order of the log. */
  readonly stopped: readonly { readonly atS: number; readonly workspaceId: WorkspaceId }[];
}

/** Lines of the log that the script prints. */
const LOG_LINES = 100;

export function readLeaseReport(output: string): LeaseReport {
  const report = parseScriptReport(output);
  const untilS = new Map<WorkspaceId, number>();
  const unreadable: WorkspaceId[] = [];
  for (const line of output.split('\n')) {
    const [, key, told] = /^(until|unreadable)\.(ws_[0-9a-z]{20})=/.exec(line) ?? [];
    const id = WorkspaceId.safeParse(told);
    if (!id.success) continue;
    const until = report.count(`until.${id.data}`);
    if (key === 'unreadable') unreadable.push(id.data);
    else if (until !== null) untilS.set(id.data, until);
  }
  return {
    state: stateOf(report),
    how: (['system', 'user'] as const).find((one) => one === report.text('how')) ?? null,
    limits: limitsOf(report),
    reason: report.text('reason'),
    untilS,
    unreadable,
    nowS: report.count('now'),
    stopped: [...stoppedOf(report)],
  };
}

function stateOf(report: ScriptReport): HostLease['state'] {
  if (!report.isComplete) return 'unknown';
  if (report.text('state') !== 'installed') return 'absent';
  const [version, current] = [report.count('version'), report.count('current')];
  // A newer Berth may have put a newer one there: it knows all that this one asks of it.
  return version !== null && current !== null && version < current ? 'outdated' : 'installed';
}

function limitsOf(report: ScriptReport): string[] {
  if (!report.isComplete || report.text('state') !== 'installed') return [];
  const user = report.text('user') ?? 'its login';
  return [
    'It stops workspaces. It cannot end what a rented machine costs: that goes on until the machine is destroyed.',
    'It goes by the clock of the host. After a start of the host, a sleep or a jump of its clock, nothing is stopped for ten minutes.',
    ...(report.text('how') === 'user'
      ? [
          `It runs for the login ${user}, and only while that login may linger (loginctl enable-linger ${user}).`,
        ]
      : []),
    ...(report.text('lingers') === 'no'
      ? [`The login ${user} does not linger any more: it does not run while nobody is signed in there.`]
      : []),
    ...(report.text('active') === 'no'
      ? ['Its timer does not run at present: take it off, and install it again.']
      : []),
  ];
}

function* stoppedOf(report: ScriptReport): Generator<{ atS: number; workspaceId: WorkspaceId }> {
  for (let number = 1; number <= LOG_LINES; number++) {
    const line = report.text(`log${number}`);
    if (line === null) return;
    const [, at, told] = /^(\d{1,12}) (ws_[0-9a-z]{20}) \d{1,12}$/.exec(line) ?? [];
    const id = WorkspaceId.safeParse(told);
    if (id.success) yield { atS: Number(at), workspaceId: id.data };
  }
}
