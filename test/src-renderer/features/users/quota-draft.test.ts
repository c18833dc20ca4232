/** Limits as they are typed: only what changed is sent, sizes keep their bytes, and what is no number is said. */
import { describe, expect, it } from 'vitest';
import { noQuota } from '#contract/users.ts';
import { quotaDraft, readQuotaDraft } from '#renderer/features/users/quota-draft.ts';

const gib = 1024 ** 3;
const quota = { workspaces: 5, cpus: 2.5, memoryBytes: 16 * gib, diskBytes: null, snapshots: 100 };

describe('limits', () => {
  it('are typed as numbers and GiB; no limit is an empty field', () => {
    expect(quotaDraft(quota)).toEqual({
      workspaces: '5',
      cpus: '2.5',
      memoryBytes: '16',
      diskBytes: '',
      snapshots: '100',
    });
  });

  it('send what changed and nothing else', () => {
    expect(readQuotaDraft(quotaDraft(quota), quota)).toEqual({ change: {} });
    const draft = { ...quotaDraft(quota), cpus: ' 3,5 ', memoryBytes: '', diskBytes: '0.5', snapshots: '0' };
    expect(readQuotaDraft(draft, quota)).toEqual({
      change: { cpus: 3.5, memoryBytes: null, diskBytes: gib / 2, snapshots: 0 },
    });
  });

  it('leave a size alone that is no round number of GiB', () => {
    const odd = { ...noQuota, diskBytes: 123_456_789_012 };
    expect(readQuotaDraft({ ...quotaDraft(odd), workspaces: '1' }, odd)).toEqual({
      change: { workspaces: 1 },
    });
  });

  it('say which field is no number', () => {
    const draft = {
      workspaces: '1.5',
      cpus: 'two',
      memoryBytes: '-1',
      diskBytes: '1e3',
      snapshots: '99999999999',
    };
    const read = readQuotaDraft(draft, quota);
    expect(read.errors).toEqual({
      workspaces: 'must be a whole number',
      cpus: 'must be a number, or empty for no limit',
      memoryBytes: 'must be a number, or empty for no limit',
      diskBytes: 'must be a number, or empty for no limit',
      snapshots: 'is more than can be set',
    });
  });
});
