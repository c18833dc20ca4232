/** What a snapshot of a workspace that writes all the time holds: one moment, where the workspace stood still. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SnapshotId } from '#contract/ids.ts';
import { type FaultWorld, startFaultWorld } from '#test/harness/fault-world.ts';

let world: FaultWorld;
beforeAll(async () => {
  world = await startFaultWorld({ hostCount: 1, contentMiB: 20 });
  await world.sh('echo 0 > /home/dev/a-first && echo 0 > /home/dev/z-last');
  // First one end of the folder, then the other: whoever reads in between sees them apart, by one and never the other way.
  // They are apart for nearly all of the time, and a processor is left to others.
  await world.sh(
    'cd /home/dev && (n=0; while :; do n=$((n+1)); echo $n > .next-a && mv .next-a a-first && sleep 0.01 && echo $n > .next-z && mv .next-z z-last; done) > /dev/null 2>&1 &',
  );
});
afterAll(() => world?.[Symbol.asyncDispose]());

async function textIn(id: SnapshotId, path: string): Promise<string> {
  const stream = world.plane.client.bytes('snapshots.read', { id, path });
  const chunks: Buffer[] = [];
  stream.onBytes((bytes, done) => {
    chunks.push(Buffer.from(bytes));
    done();
  });
  await stream.ended;
  return Buffer.concat(chunks).toString();
}
const pairIn = async (id: SnapshotId) =>
  [Number(await textIn(id, 'a-first')), Number(await textIn(id, 'z-last'))] as const;

describe('a workspace that writes two files in step', { timeout: 180_000 }, () => {
  it('and stands still for each of ten snapshots: in each of them they fit', async () => {
    let before = 0;
    for (let round = 0; round < 10; round++) {
      const made = await world.take({ consistency: 'paused' });
      expect(made.isChangedWhileRead).toBe(false);
      const [first, last] = await pairIn(made.id);
      expect([0, 1]).toContain(first - last);
      // It wrote on in between.
      expect(first).toBeGreaterThan(before);
      before = first;
    }
    await world.clear();
  });

  it('and is read while it runs: the snapshot says that it was, and can be read', async () => {
    const made = await world.take({ consistency: 'live' });
    expect(made).toMatchObject({ consistency: 'live', frozenMs: null });
    const [first, last] = await pairIn(made.id);
    expect(first).toBeGreaterThan(0);
    expect(last).toBeGreaterThan(0);
    await world.clear();
  });
});
