/** A disk of snapshots that is too small, or fills up in the middle: told as such, and nothing of the snapshot is left. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FaultWorld, startFaultWorld } from '#test/harness/fault-world.ts';

const STORE = '/var/lib/berth/snapshots';

let world: FaultWorld;
beforeAll(async () => {
  world = await startFaultWorld({ hostCount: 1, contentMiB: 100 });
  const { remote } = world.here;
  await remote.runChecked(['truncate', '--size', '400M', '/home/store.img']);
  await remote.runChecked(['mkfs.ext4', '-q', '-m', '0', '/home/store.img']);
  await remote.runChecked(['mkdir', '-p', STORE]);
  await remote.runChecked(['mount', '-o', 'loop', '/home/store.img', STORE]);
});
afterAll(async () => {
  await world?.here.remote.run(['umount', STORE]);
  await world?.[Symbol.asyncDispose]();
});

const ballast = (sizeMiB: number) =>
  world.here.remote.runChecked(['fallocate', '-l', `${sizeMiB}M`, `${STORE}/lost+found/ballast`]);
const room = () => world.here.remote.runChecked(['rm', '-f', `${STORE}/lost+found/ballast`]);

async function freeMiB(): Promise<number> {
  const text = await world.here.remote.runChecked(['df', '--output=avail', '-BM', STORE]);
  return Number.parseInt(text.split('\n')[1] ?? '', 10);
}

it('a snapshot that cannot fit is refused before it begins, and the workspace never stands still', async () => {
  await ballast((await freeMiB()) - 120);
  const { operation } = await world.create();
  const ended = await world.plane.ended(operation.id);
  expect(ended.error).toMatchObject({ code: 'host.disk-full' });
  expect(ended.error?.details).toHaveProperty('neededBytes');
  await room();
  await world.expectEnd([], 'first');
});

it('one that fills the disk in the middle although it was expected to fit leaves nothing', async () => {
  // What compresses well is snapshotted first, so that the next is expected to be small; and then it is not.
  await world.sh('cd /home/dev && mkdir hold && mv d hold/ && head -c 200000000 /dev/zero > zeros && sync');
  await world.sh('cd /home/dev && mv hold/d . && rmdir hold && mv d /tmp/ && sync');
  const small = await world.take();
  expect(small.sizeBytes).toBeLessThan(10_000_000);
  await world.sh('cd /home/dev && rm zeros && mv /tmp/d . && sync');
  // The margin that is kept free is there, and the archive is larger.
  await ballast((await freeMiB()) - 90);
  const { operation } = await world.create();
  const ended = await world.plane.ended(operation.id);
  await room();
  expect(ended.error, JSON.stringify(ended.error)).toMatchObject({ code: 'host.disk-full' });
  await world.expectEnd(['person'], 'first');
  await world.take();
  await world.expectEnd(['person', 'person'], 'first');
});

it('another writer fills the disk while it is written', async () => {
  await world.clear();
  const { operation } = await world.create();
  await world.inStep(operation.id, 'archive', false);
  await world.here.remote.run(['dd', 'if=/dev/zero', `of=${STORE}/lost+found/ballast`, 'bs=1M']);
  const ended = await world.plane.ended(operation.id);
  await room();
  if (ended.state === 'failed') expect(ended.error).toMatchObject({ code: 'host.disk-full' });
  await world.expectEnd(ended.state === 'failed' ? [] : ['person'], 'first');
});
