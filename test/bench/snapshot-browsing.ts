/**
 * The first look into a snapshot of many entries: asked of a plane that was just started and has the list on its disk alone,
 * asked again, and in the window from the click on the snapshot to its first row on the screen.
 */
import type { Browser } from 'playwright';
import type { Snapshot } from '#contract/snapshots.ts';
import type { TestPlane } from '#test/harness/start-plane.ts';
import { elapsedMs, type AddMeasure, within } from './measures.ts';
import { ask } from './page-probe.ts';
import { startServedProcess } from './served-process.ts';
import { openBerthWindow, stepTimeoutMs } from './window.ts';

/** The first folder of it: what is there before is a place for rows that are not read yet. */
const firstRow = '[role="treeitem"][data-row="f000"]';

export interface Browsing {
  /** Of a Berth that knows the snapshot, has its list, and has ended. */
  readonly dataFolder: string;
  readonly snapshot: Snapshot;
  readonly rounds: number;
}

export async function measureSnapshotBrowsing(
  browser: Browser,
  add: AddMeasure,
  { dataFolder, snapshot, rounds }: Browsing,
): Promise<void> {
  const asked = { cold: [] as number[], warm: [] as number[] };
  const painted = { cold: [] as number[], warm: [] as number[] };
  const browse = (plane: TestPlane) =>
    elapsedMs(() => plane.client.call('snapshots.browse', { id: snapshot.id, path: '.' }));
  for (let round = 0; round < rounds; round += 1) {
    {
      await using served = await startServedProcess({ dataFolder });
      await using stack = new AsyncDisposableStack();
      const plane = stack.adopt(await served.connect(), (one) => one.client.close());
      await settled(plane, snapshot);
      asked.cold.push(await browse(plane));
      asked.warm.push(await browse(plane));
    }
    await using served = await startServedProcess({ dataFolder });
    await using stack = new AsyncDisposableStack();
    await settled(
      stack.adopt(await served.connect(), (one) => one.client.close()),
      snapshot,
    );
    painted.cold.push(await clickToRow(browser, await served.link(), snapshot));
    painted.warm.push(await clickToRow(browser, await served.link(), snapshot));
  }
  const many = `a snapshot of ${snapshot.entryCount.toLocaleString('en')} entries`;
  const series = ({ cold, warm }: typeof asked) =>
    [
      { name: 'Berth, its list on the disk', samples: cold },
      { name: 'Berth, its list in memory', samples: warm },
    ] as const;
  add({ id: 'snapshot-browse', title: `First folder of ${many}, asked`, unit: 'ms', series: series(asked) });
  add({ id: 'snapshot-paint', title: `Click to first row of ${many}`, unit: 'ms', series: series(painted) });
}

/** The host is back and its snapshots were listed: nothing of the start runs beside what is measured. */
async function settled(plane: TestPlane, { id, hostId }: Snapshot): Promise<void> {
  await plane.until('snapshots.hosts', {}, (hosts) =>
    hosts.find((host) => host.id === hostId && host.state === 'ready'),
  );
  await plane.until('snapshots.watch', {}, (all) => all.find((one) => one.id === id && !one.isHostAway));
}

/** In a new window: none of the page's own code is there yet either. */
async function clickToRow(browser: Browser, link: string, { id }: Snapshot): Promise<number> {
  await using window = await openBerthWindow(browser, link);
  const { page } = window;
  await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Snapshots' }).click();
  const row = page.locator(`[data-snapshot="${id}"]`);
  await row.waitFor();
  await ask(page, 'armPainted', firstRow);
  await row.click();
  // Awaited here: the window is closed with this scope.
  return await within(stepTimeoutMs, 'a click opens the snapshot', ask(page, 'reached'));
}
