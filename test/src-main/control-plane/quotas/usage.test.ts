/** What fits into a share and what does not, and what is said then. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { noQuota, type Quota, type Usage } from '#contract/users.ts';
import { type Addition, requireFit, sumCpus } from '#main/control-plane/quotas/usage.ts';

const gib = 1024 ** 3;
const usage: Usage = { workspaces: 2, cpus: 1.5, memoryBytes: 3 * gib, diskBytes: 5 * gib, snapshots: 4 };
const one = { cpus: 0.5, memoryBytes: gib };

function refusal(quota: Partial<Quota>, more: Addition, has: Partial<Usage> = {}): BerthError | undefined {
  try {
    requireFit({ ...noQuota, ...quota }, { ...usage, ...has }, more);
    return undefined;
  } catch (error) {
    if (BerthError.is(error, 'quota.exceeded')) return error;
    throw error;
  }
}

describe('a share', () => {
  it.each<[string, Partial<Quota>, Addition]>([
    ['none at all', {}, { workspace: { cpus: null, memoryBytes: null }, snapshots: 9, diskBytes: 9 ** 12 }],
    ['the last workspace', { workspaces: 3 }, { workspace: one }],
    ['the last processors', { cpus: 2 }, { workspace: one }],
    ['the last memory', { memoryBytes: 4 * gib }, { workspace: one }],
    ['the last snapshot', { snapshots: 5 }, { snapshots: 1 }],
    ['the last bytes', { diskBytes: 6 * gib }, { diskBytes: gib }],
    ['what it does not ask for', { workspaces: 0, cpus: 0, memoryBytes: 0, snapshots: 0 }, { diskBytes: 1 }],
    ['a workspace where snapshots are used up', { snapshots: 4 }, { workspace: one, snapshots: 0 }],
  ])('has room for %s', (_what, quota, more) => {
    expect(refusal(quota, more)).toBeUndefined();
  });

  it.each<[keyof Quota, Partial<Quota>, Addition]>([
    ['workspaces', { workspaces: 2 }, { workspace: one }],
    ['workspaces', { workspaces: 0 }, { workspace: one }],
    ['cpus', { cpus: 1.9 }, { workspace: one }],
    ['memoryBytes', { memoryBytes: 4 * gib - 1 }, { workspace: one }],
    ['snapshots', { snapshots: 4 }, { snapshots: 1 }],
    ['snapshots', { snapshots: 5 }, { snapshots: 2 }],
    ['diskBytes', { diskBytes: 6 * gib }, { diskBytes: gib + 1 }],
    // What a new one will take is not known: with none left there is none to take.
    ['diskBytes', { diskBytes: 5 * gib }, { workspace: one }],
    ['diskBytes', { diskBytes: gib }, { snapshots: 1 }],
  ])('that is used up says so: %s', (which, quota, more) => {
    const error = refusal(quota, more);
    expect(error?.details).toMatchObject({ quota: which, used: usage[which], allowed: quota[which] });
    expect(error?.message).toMatch(/ask an owner/);
  });

  it('of processors or memory needs a project that says what it takes', () => {
    const free = { cpus: null, memoryBytes: null };
    expect(refusal({ cpus: 100 }, { workspace: free })?.message).toMatch(
      /processors.*sets no limit.*Set one/,
    );
    expect(refusal({ memoryBytes: 100 * gib }, { workspace: free })?.message).toMatch(
      /memory.*3\.0 GiB of 100\.0 GiB/,
    );
  });

  it('of a disk that was not measured yet is not held against anybody', () => {
    expect(refusal({ diskBytes: gib }, { snapshots: 1 }, { diskBytes: null })).toBeUndefined();
    expect(refusal({ diskBytes: gib }, { diskBytes: gib + 1 }, { diskBytes: null })).toBeDefined();
  });

  it('adds tenths of processors as a person does', () => {
    expect(sumCpus([0.1, 0.2])).toBe(0.3);
    expect(
      refusal({ cpus: 0.3 }, { workspace: { ...one, cpus: 0.1 } }, { cpus: sumCpus([0.1, 0.1]) }),
    ).toBeUndefined();
  });
});
