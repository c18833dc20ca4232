/** Which calls are worth an entry, and that an entry holds ids and nothing that was typed. */
import { describe, expect, it } from 'vitest';
import { contract } from '#contract/index.ts';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { DispatchedCall } from '#main/control-plane/dispatcher.ts';
import { auditEntryOf } from '#main/control-plane/users/audit-entry.ts';
import { localOwner } from '#test/harness/accounts-world.ts';

const workspace = 'ws_0123456789abcdefghjk';
const project = 'proj_0123456789abcdefghjk';

function entryOf(name: keyof typeof contract, over: Partial<DispatchedCall> = {}) {
  const call = {
    name,
    scope: contract[name].scope,
    caller: localOwner,
    input: {},
    output: {},
    error: undefined,
  };
  return auditEntryOf({ ...call, ...over });
}

describe('an entry', () => {
  it('is written of what changes something or lets somebody in, and not of what looks or is drawn', () => {
    const written = Object.keys(contract).filter(
      (name) => entryOf(name as keyof typeof contract) !== undefined,
    );
    for (const name of [
      'workspaces.create',
      'hosts.add',
      'terminals.open',
      'terminals.attach',
      'users.change',
      'apiKeys.create',
      'snapshots.export',
      'questions.answer',
    ])
      expect(written).toContain(name);
    for (const name of [
      'workspaces.watch',
      'about.get',
      'terminals.measure',
      'terminals.dropBacklog',
      'questions.watch',
      'audit.list',
      'account.watch',
    ])
      expect(written).not.toContain(name);
    const reads = written.filter((name) => contract[name as keyof typeof contract].scope.endsWith('.read'));
    expect(reads).toEqual(['snapshots.export']);
  });

  it('names what it was done to: the input’s id, or that of what was made', () => {
    const subjectOf = (input: unknown, output?: unknown) =>
      entryOf('workspaces.create', { input, output })?.subject;
    expect(subjectOf({ id: workspace }, { id: project })).toBe(workspace);
    expect(subjectOf({ name: 'x' }, { workspace: { id: workspace }, operation: { id: project } })).toBe(
      workspace,
    );
    expect(subjectOf({ target: { kind: 'workspace', workspaceId: workspace } })).toBe(workspace);
    expect(subjectOf({ workspaceId: workspace })).toBe(workspace);
    expect(subjectOf({ id: 'my secret', name: workspace, password: 'hunter2' })).toBeNull();
    expect(subjectOf([workspace], 'x')).toBeNull();
  });

  it('says who, from where, and how it ended; a guest is nobody', () => {
    const access = { by: 'api-key', sessionId: null, address: '192.0.2.7' } as const;
    expect(entryOf('workspaces.start', { caller: { ...localOwner, access } })).toMatchObject({
      userId: localOwnerId,
      by: 'api-key',
      address: '192.0.2.7',
      outcome: 'done',
    });
    expect(entryOf('workspaces.start', { error: new BerthError('conflict', 'x') })).toMatchObject({
      by: 'local',
      outcome: 'conflict',
      address: null,
    });
    const guest = {
      ...localOwner,
      scopes: new Set<never>(),
      guest: { shareId: 'share_0123456789abcdefghjk' as const },
    };
    expect(entryOf('terminals.attach', { caller: guest })).toMatchObject({ userId: null, by: 'none' });
  });
});
