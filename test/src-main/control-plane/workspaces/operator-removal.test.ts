/** What an operator without an account can name, and how little is learnt by naming what is not there. */
import { describe, expect, it } from 'vitest';
import type { UserId, WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { createOperatorDoor } from '#main/control-plane/workspaces/operator-removal.ts';
import type { WorkspaceRecord } from '#main/control-plane/workspaces/workspace.ts';
import { remoteName, renamedContainer } from '#main/control-plane/workspaces/workspace-spec.ts';

const record = (id: string, name: string) =>
  ({ id: `ws_${id.padEnd(20, '0')}`, name }) as unknown as WorkspaceRecord;
const [ann, bob, bert] = [record('a', 'Desktop'), record('b', 'desktop'), record('c', 'böth / dots')];
const owner: UserId = 'user_11111111111111111111';

function world(records = [ann, bob, bert]) {
  const destroyed: [WorkspaceId, boolean, UserId][] = [];
  const end = Promise.withResolvers<Operation>();
  const begun = { id: 'op_1', state: 'running' } as unknown as Operation;
  const door = createOperatorDoor({
    records: () => records,
    ownerOf: () => owner,
    destroy: async (...args) => {
      destroyed.push(args);
      return begun;
    },
    ended: () => end.promise,
  });
  return { door, destroyed, end, begun };
}

describe('an operator', () => {
  it.each([
    [bert.name, bert.id],
    ['BÖTH / dots'.normalize('NFD'), bert.id],
    [ann.id, ann.id],
    [remoteName(bob.id), bob.id],
    [renamedContainer(bert.id, bert.name), bert.id],
  ])(
    'destroys the container called %j, with its owner’s name on it, and keeps the files',
    async (name, id) => {
      const { door, destroyed, end } = world();
      end.resolve({ id: 'op_1', state: 'succeeded' } as unknown as Operation);
      expect((await door.destroyContainer(name, new AbortController().signal)).state).toBe('succeeded');
      expect(destroyed).toEqual([[id, true, owner]]);
    },
  );

  it('is told to say which where several are called so', async () => {
    const { door, destroyed } = world();
    await expect(door.destroyContainer('desktop', new AbortController().signal)).rejects.toMatchObject({
      code: 'conflict',
      message: new RegExp(`${remoteName(ann.id)}, ${remoteName(bob.id)}`),
    });
    expect(destroyed).toEqual([]);
  });

  it.each(['', 'nothing', 'berth-', 'ws_', '*', '../a', `${remoteName('ws_z0000000000000000000')}`])(
    'finds nothing by %j',
    async (name) => {
      const { door, destroyed } = world();
      await expect(door.destroyContainer(name, new AbortController().signal)).rejects.toMatchObject({
        code: 'not-found',
      });
      expect(destroyed).toEqual([]);
    },
  );

  it('need not wait for the end', async () => {
    const { door, begun } = world();
    const enough = new AbortController();
    const answer = door.destroyContainer(ann.id, enough.signal);
    enough.abort();
    expect(await answer).toBe(begun);
    expect(await door.destroyContainer(ann.id, enough.signal)).toBe(begun);
  });
});
