/** What every record store must do; run against the SQLite one and against the one in memory. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { RecordStore, RowLog } from '#main/control-plane/interfaces/record-store.ts';

export interface StoreUnderTest extends RecordStore {
  rowLog<T>(name: string, parse: (value: unknown) => T, maxRows: number): RowLog<T>;
}

const Thing = z.object({ id: z.string(), count: z.number() });
const parseThing = (value: unknown) => Thing.parse(value);

function signal() {
  let fire: () => void = () => {};
  const fired = new Promise<void>((resolve) => (fire = resolve));
  return { fire, fired };
}

export function describeRecordStore(
  open: (options: {
    onUnreadable: (record: { collection: string; id: string; problem: string }) => void;
  }) => StoreUnderTest | Promise<StoreUnderTest>,
): void {
  describe('as a record store', () => {
    let store: StoreUnderTest;
    let unreadable: { collection: string; id: string; problem: string }[];
    beforeEach(async () => {
      unreadable = [];
      store = await open({ onUnreadable: (record) => unreadable.push(record) });
    });
    afterEach(() => store.close());
    const things = () => store.collection('things', parseThing);

    it('gives back what was put, in the order of the first put', async () => {
      await things().put({ id: 'b', count: 1 });
      await things().put({ id: 'a', count: 2 });
      await things().put({ id: 'b', count: 3 });
      expect(await things().all()).toEqual([
        { id: 'b', count: 3 },
        { id: 'a', count: 2 },
      ]);
      expect(await things().get('a')).toEqual({ id: 'a', count: 2 });
      expect(await things().get('c')).toBeUndefined();
    });

    it('deletes, and deleting what is not there is no failure', async () => {
      await things().put({ id: 'a', count: 1 });
      await things().delete('a');
      await things().delete('a');
      expect(await things().all()).toEqual([]);
    });

    it('keeps collections apart, and odd ids and texts as they are', async () => {
      const id = `'; DROP TABLE record; -- \u{1f6a2}`;
      const texts = store.collection('texts', (value) => value as { id: string; text: string });
      await texts.put({ id, text: 'Ünï\u0000 "q" \\ \u2028' });
      await things().put({ id, count: 1 });
      await things().delete(id);
      expect(await texts.all()).toEqual([{ id, text: 'Ünï\u0000 "q" \\ \u2028' }]);
    });

    it('keeps a copy: later changes of the object are not in it', async () => {
      const thing = { id: 'a', count: 1 };
      const written = things().put(thing);
      thing.count = 2;
      await written;
      expect(await things().get('a')).toEqual({ id: 'a', count: 1 });
    });

    it('reports a record that does not fit and leaves it in place', async () => {
      await store.collection('things', (value) => value as { id: string }).put({ id: 'odd' });
      await things().put({ id: 'a', count: 1 });
      expect(await things().all()).toEqual([{ id: 'a', count: 1 }]);
      expect(await things().get('odd')).toBeUndefined();
      expect(unreadable.map(({ collection, id }) => ({ collection, id }))).toEqual([
        { collection: 'things', id: 'odd' },
        { collection: 'things', id: 'odd' },
      ]);
      expect(await store.collection('things', (value) => value as { id: string }).get('odd')).toEqual({
        id: 'odd',
      });
    });

    it('takes many writes at once', async () => {
      await Promise.all(Array.from({ length: 300 }, (_, count) => things().put({ id: `t${count}`, count })));
      expect(await things().all()).toHaveLength(300);
    });

    describe('transaction', () => {
      it('writes all or nothing', async () => {
        await things().put({ id: 'a', count: 1 });
        await expect(
          store.transaction(async () => {
            await things().put({ id: 'a', count: 2 });
            await things().put({ id: 'b', count: 2 });
            throw new BerthError('conflict', 'no');
          }),
        ).rejects.toMatchObject({ code: 'conflict' });
        expect(await things().all()).toEqual([{ id: 'a', count: 1 }]);
        const result = await store.transaction(async () => {
          await things().put({ id: 'b', count: 2 });
          await things().delete('a');
          return 7;
        });
        expect(result).toBe(7);
        expect(await things().all()).toEqual([{ id: 'b', count: 2 }]);
      });

      it('sees its own writes; others see them when it has committed', async () => {
        const written = signal();
        const seen = signal();
        const rows = store.rowLog('log', (value) => value as number, 3);
        await rows.append('o', 1);
        const running = store.transaction(async () => {
          await things().put({ id: 'a', count: 1 });
          await rows.append('o', 2);
          expect(await things().get('a')).toEqual({ id: 'a', count: 1 });
          expect(await things().all()).toHaveLength(1);
          await things().delete('a');
          expect(await things().get('a')).toBeUndefined();
          await things().put({ id: 'a', count: 5 });
          expect(await rows.read('o')).toEqual([1, 2]);
          written.fire();
          await seen.fired;
        });
        await written.fired;
        expect(await things().get('a')).toBeUndefined();
        expect(await things().all()).toEqual([]);
        expect(await rows.read('o')).toEqual([1]);
        await things().put({ id: 'outside', count: 1 });
        expect(await things().get('outside')).toBeDefined();
        seen.fire();
        await running;
        expect(await things().get('a')).toEqual({ id: 'a', count: 5 });
        expect(await rows.read('o')).toEqual([1, 2]);
      });

      it('runs one after the other, so that none is lost', async () => {
        await things().put({ id: 'a', count: 0 });
        await Promise.all(
          Array.from({ length: 20 }, () =>
            store.transaction(async () => {
              const count = (await things().get('a'))?.count ?? 0;
              await Promise.resolve();
              await things().put({ id: 'a', count: count + 1 });
            }),
          ),
        );
        expect(await things().get('a')).toEqual({ id: 'a', count: 20 });
      });

      it('takes a transaction inside as part of itself', async () => {
        await expect(
          store.transaction(async () => {
            await store.transaction(() => things().put({ id: 'inner', count: 1 }));
            expect(await things().get('inner')).toBeDefined();
            throw new Error('outer fails');
          }),
        ).rejects.toThrow('outer fails');
        expect(await things().get('inner')).toBeUndefined();
      });

      it('goes on after one that failed', async () => {
        const failed = store.transaction(() => Promise.reject(new Error('first')));
        const good = store.transaction(() => things().put({ id: 'a', count: 1 }));
        await expect(failed).rejects.toThrow('first');
        await good;
        expect(await things().get('a')).toBeDefined();
      });

      it('is over when it has ended: what it left running writes for itself', async () => {
        const go = signal();
        let late: Promise<void> | undefined;
        await store.transaction(async () => {
          late = go.fired.then(() => things().put({ id: 'late', count: 1 }));
        });
        go.fire();
        await late;
        expect(await things().get('late')).toEqual({ id: 'late', count: 1 });
      });
    });

    it('keeps the newest rows of each owner', async () => {
      const rows = store.rowLog('log', (value) => z.number().parse(value), 3);
      for (const row of [1, 2, 3, 4, 5]) await rows.append('a', row);
      await rows.append('b', 9);
      await store.rowLog('other', (value) => value as number, 3).append('a', 7);
      expect(await rows.read('a')).toEqual([3, 4, 5]);
      expect(await rows.read('b')).toEqual([9]);
      await rows.drop('a');
      expect(await rows.read('a')).toEqual([]);
      expect(await rows.read('b')).toEqual([9]);
    });

    it('refuses everything once closed', async () => {
      const writing = things().put({ id: 'a', count: 1 });
      await store.close();
      await writing;
      await expect(things().put({ id: 'b', count: 1 })).rejects.toMatchObject({ code: 'store.unwritable' });
      await expect(things().get('a')).rejects.toMatchObject({ code: 'store.unwritable' });
      await expect(store.transaction(async () => 1)).rejects.toMatchObject({ code: 'store.unwritable' });
    });
  });
}
