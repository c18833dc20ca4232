/**
 * Snapshots beside what makes and unpacks the same archive without Berth, and beside what people use instead: one host, one
 * tree, in turns. The files are in memory and the disk is quiet before each.
 */
import type { Browser } from 'playwright';
import type { SnapshotId } from '#contract/ids.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';
import type { BenchWorld } from './bench-world.ts';
import { snapshotWays } from './goals.ts';
import { type AddMeasure, inTurns, type Series } from './measures.ts';
import { measureSnapshotBrowsing } from './snapshot-browsing.ts';
import { SnapshotWays } from './snapshot-ways.ts';
import {
  finished,
  openSnapshotWorld,
  snapshotPath,
  type SnapshotWorld,
  stepSeconds,
  takeSnapshot,
  volumePath,
} from './snapshot-world.ts';

const image = 'berth-busybox:test';
const own = 'Berth';

type Skip = (name: string, reason: string) => void;

export async function measureSnapshots(
  { isQuick }: BenchWorld,
  browser: Browser,
  add: AddMeasure,
  skip: Skip,
): Promise<void> {
  const hasRestic = await ensureRequirements(['restic']).then(
    () => true,
    (error: unknown) => {
      skip('restic', error instanceof Error ? error.message : String(error));
      return false;
    },
  );
  await using world = await openSnapshotWorld(isQuick);
  const ways = await SnapshotWays.open(world.remote);
  const rounds = isQuick ? 1 : 3;
  // The first one on a host also makes the helpers' image: people pay that once.
  const many = await takeSnapshot(world.plane, world.many);
  const { id } = await measureCreate({ world, ways, rounds, hasRestic, add });
  await measureRestore({ world, ways, rounds, id, add });
  await world.stopBerth();
  const browsing = { dataFolder: world.dataFolder, snapshot: many.snapshot, rounds: isQuick ? 2 : 5 };
  await measureSnapshotBrowsing(browser, add, browsing);
}

/** Samples that are by-products of others, by measure and by who was measured. */
class Ledger {
  readonly #samples = new Map<string, Map<string, number[]>>();

  note(measure: string, who: string, sample: number): void {
    const series = this.#samples.get(measure) ?? new Map<string, number[]>();
    series.set(who, [...(series.get(who) ?? []), sample]);
    this.#samples.set(measure, series);
  }
  /** In the order in which they were first noted. */
  series(measure: string): [Series, ...Series[]] {
    const noted = [...(this.#samples.get(measure) ?? [])];
    const [first, ...others] = noted.map(([name, samples]): Series => ({ name, samples }));
    if (first === undefined) throw new TypeError(`nothing was noted of ${measure}`);
    return [first, ...others];
  }
}

interface Wish {
  readonly world: SnapshotWorld;
  readonly ways: SnapshotWays;
  readonly rounds: number;
  readonly add: AddMeasure;
}

/** Resolves with the last snapshot that was made; those before it are deleted. */
async function measureCreate({
  world,
  ways,
  rounds,
  hasRestic,
  add,
}: Wish & { hasRestic: boolean }): Promise<{ id: SnapshotId }> {
  const { plane, tree } = world;
  const source = volumePath(tree);
  const { archive, commit, resticFirst, resticSecond } = snapshotWays;
  const ledger = new Ledger();
  let last: SnapshotId | undefined;
  await ways.putIntoLayer(image, source);

  const byBerth = async () => {
    if (last !== undefined) await destroySnapshot(world, last);
    await ways.warm(source);
    const { snapshot, operation, seconds } = await takeSnapshot(plane, tree);
    last = snapshot.id;
    ledger.note('size', own, (await ways.sizeBytes(snapshotPath(snapshot.id))) / 1e6);
    ledger.note('still', own, (snapshot.frozenMs ?? Number.NaN) / 1e3);
    ledger.note('archive', own, stepSeconds(operation, 'archive'));
    ledger.note('check', own, stepSeconds(operation, 'check'));
    return seconds;
  };
  const byTar = async () => {
    const { seconds, sizeBytes } = await ways.archive(source);
    ledger.note('size', archive, sizeBytes / 1e6);
    ledger.note('archive', archive, seconds);
    return seconds;
  };
  const byDocker = async () => {
    const figures = await ways.commitAndSave();
    ledger.note('size', commit, figures.sizeBytes / 1e6);
    ledger.note('still', 'docker commit, which pauses', figures.commit);
    return figures.commit + figures.save;
  };
  const second: number[] = [];
  const byRestic = async () => {
    const figures = await ways.restic(source);
    ledger.note('size', 'restic, one backup', figures.sizeBytes / 1e6);
    second.push(figures.second);
    return figures.first;
  };
  const takers: [name: string, take: () => Promise<number>][] = [
    [own, byBerth],
    [archive, byTar],
    [commit, byDocker],
  ];
  if (hasRestic) takers.push([resticFirst, byRestic]);
  const series = await inTurns(rounds, takers);
  if (hasRestic) series.push({ name: resticSecond, samples: second });
  const what = `${Math.round(world.treeBytes / 2 ** 20)} MiB in ${world.treeEntries.toLocaleString('en')} entries`;
  add({ id: 'snapshot-create', title: `Snapshot made: ${what}`, unit: 's', series });
  add({
    id: 'snapshot-archive',
    title: 'of which the files are read and packed',
    unit: 's',
    series: ledger.series('archive'),
  });
  add({
    id: 'snapshot-check',
    title: 'of which it is read back and checked',
    unit: 's',
    series: ledger.series('check'),
  });
  add({
    id: 'snapshot-still',
    title: 'The workspace stands still',
    unit: 's',
    series: ledger.series('still'),
  });
  add({
    id: 'snapshot-size',
    title: 'Its size on the disk',
    unit: 'MB',
    series: ledger.series('size'),
  });
  if (last === undefined) throw new Error('no snapshot was made');
  return { id: last };
}

async function measureRestore({ world, ways, rounds, id, add }: Wish & { id: SnapshotId }): Promise<void> {
  const { plane, tree } = world;
  const ledger = new Ledger();
  const series = await inTurns(rounds, [
    [
      own,
      async () => {
        await ways.warm(snapshotPath(id));
        const begunAtMs = performance.now();
        const begun = await plane.client.call('snapshots.restore', { id, makesSafetySnapshot: false });
        const operation = await finished(plane, begun.id);
        const seconds = (performance.now() - begunAtMs) / 1e3;
        ledger.note('fill', own, stepSeconds(operation, 'fill'));
        ledger.note('down', own, stepSeconds(operation, 'stop', 'swap', 'start'));
        const end = await plane.client.call('snapshots.endUndo', { workspaceId: tree.id });
        await finished(plane, end.id);
        return seconds;
      },
    ],
    [snapshotWays.extract, () => ways.extract()],
  ]);
  const [, raw] = series;
  add({ id: 'snapshot-restore', title: 'The same snapshot restored', unit: 's', series });
  add({
    id: 'snapshot-fill',
    title: 'of which the new volume is filled and compared',
    unit: 's',
    series: [...ledger.series('fill'), ...(raw === undefined ? [] : [raw])],
  });
  add({
    id: 'snapshot-down',
    title: 'of which the workspace is down',
    unit: 's',
    series: ledger.series('down'),
  });
}

async function destroySnapshot({ plane }: SnapshotWorld, id: SnapshotId): Promise<void> {
  await finished(plane, (await plane.client.call('snapshots.destroy', { ids: [id] })).id);
}
