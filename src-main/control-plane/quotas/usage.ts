/** What a person has, and whether more still fits into their share. Pure. */
import { BerthError } from '#contract/berth-error.ts';
import type { Limits } from '#contract/projects.ts';
import type { Quota, Usage } from '#contract/users.ts';

/** What is about to be added. */
export interface Addition {
  /** Of a workspace that is to be made. */
  readonly workspace?: Pick<Limits, 'cpus' | 'memoryBytes'> | undefined;
  readonly snapshots?: number | undefined;
  /** As far as it is known before. */
  readonly diskBytes?: number | undefined;
}

/** Tenths of a processor summed in binary are not what they were: a share of 0.3 takes three of 0.1. */
const cpuRounding = 1_000;

export function sumCpus(cpus: readonly number[]): number {
  return Math.round(cpus.reduce((sum, one) => sum + one, 0) * cpuRounding) / cpuRounding;
}

/** Throws quota.exceeded: which share, how much of it is used, how much there is, and what to do. */
export function requireFit(quota: Quota, usage: Usage, more: Addition): void {
  const { workspace, snapshots = 0, diskBytes = 0 } = more;
  if (workspace !== undefined) {
    requireCount('workspaces', usage.workspaces, quota.workspaces, 1);
    requireSum('cpus', workspace.cpus, usage.cpus, quota.cpus);
    requireSum('memoryBytes', workspace.memoryBytes, usage.memoryBytes, quota.memoryBytes);
  }
  if (snapshots > 0) requireCount('snapshots', usage.snapshots, quota.snapshots, snapshots);
  requireDisk(usage.diskBytes ?? 0, quota.diskBytes, diskBytes);
}

function requireCount(
  what: 'workspaces' | 'snapshots',
  used: number,
  allowed: number | null,
  wanted: number,
): void {
  if (allowed === null || used + wanted <= allowed) return;
  const makeRoom = what === 'workspaces' ? 'Destroy one that you do not need' : 'Delete some';
  const need = wanted === 1 ? 'One more does' : `${wanted} more do`;
  throw exceeded(
    what,
    { used, allowed, wanted },
    `You have ${used} of the ${allowed} ${what} that you may have. ${need} not fit. ${makeRoom}, or ask an owner for a larger share.`,
  );
}

function requireSum(
  what: 'cpus' | 'memoryBytes',
  wanted: number | null,
  used: number,
  allowed: number | null,
): void {
  if (allowed === null) return;
  const words = what === 'cpus' ? 'processors' : 'memory';
  if (wanted === null)
    throw exceeded(
      what,
      { used, allowed, wanted: null },
      `Your share of ${words} is limited (${amount(what, used)} of ${amount(what, allowed)} used), and this project sets no limit on what a workspace takes. Set one in the project.`,
    );
  const sum = what === 'cpus' ? sumCpus([used, wanted]) : used + wanted;
  if (sum <= allowed) return;
  throw exceeded(
    what,
    { used, allowed, wanted },
    `Your workspaces, running or not, have ${amount(what, used)} of the ${amount(what, allowed)} of ${words} that they may have together; this one needs ${amount(what, wanted)}. Use a project with a lower limit, destroy a workspace, or ask an owner for a larger share.`,
  );
}

function requireDisk(used: number, allowed: number | null, wanted: number): void {
  if (allowed === null || (used < allowed && used + wanted <= allowed)) return;
  const need = wanted === 0 ? '' : `; this needs ${amount('diskBytes', wanted)} more`;
  throw exceeded(
    'diskBytes',
    { used, allowed, wanted },
    `Your volumes and snapshots take ${amount('diskBytes', used)} of the ${amount('diskBytes', allowed)} that they may take${need}. Delete snapshots or kept volumes, or ask an owner for a larger share.`,
  );
}

function amount(what: keyof Quota, value: number): string {
  if (what === 'cpus') return String(value);
  return value < 1024 ** 3
    ? `${Math.round((value / 1024 ** 2) * 10) / 10} MiB`
    : `${(value / 1024 ** 3).toFixed(1)} GiB`;
}

function exceeded(
  quota: keyof Quota,
  numbers: { used: number; allowed: number; wanted: number | null },
  message: string,
): BerthError {
  return new BerthError('quota.exceeded', message, { details: { quota, ...numbers } });
}
