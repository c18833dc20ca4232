/** What somebody has of each thing, in words and as a part of the limit. */
import { describe, expect, it } from 'vitest';
import { noQuota } from '#contract/users.ts';
import { quotaLines } from '#renderer/features/users/quota-lines.ts';

const gib = 1024 ** 3;
const usage = { workspaces: 2, cpus: 1.5, memoryBytes: 6 * gib, diskBytes: null, snapshots: 1200 };
const line = (key: string, quota = noQuota) => quotaLines(usage, quota).find((one) => one.key === key);

describe('lines of usage', () => {
  it('have no part where there is no limit', () => {
    expect(line('workspaces')).toEqual({
      key: 'workspaces',
      label: 'Workspaces',
      used: '2',
      limit: null,
      part: null,
    });
    expect(line('snapshots')?.used).toBe('1,200');
  });

  it('have a part of a limit, which may be beyond the whole', () => {
    expect(line('cpus', { ...noQuota, cpus: 2 })).toMatchObject({ used: '1.5', limit: '2', part: 0.75 });
    expect(line('memoryBytes', { ...noQuota, memoryBytes: 4 * gib })).toMatchObject({ part: 1.5 });
  });

  it('do not make a number of what was not measured', () => {
    expect(line('diskBytes', { ...noQuota, diskBytes: gib })).toMatchObject({ used: '–', part: null });
  });

  it('call a limit of nothing used up', () => {
    expect(line('workspaces', { ...noQuota, workspaces: 0 })).toMatchObject({ limit: '0', part: 1 });
  });
});
