/** Removes helper containers that do nothing any more: those that hold a volume, and those that a crash left behind. */
import { HELPER_LABEL, removeByForce } from './container-inspection.ts';
import type { EngineClient } from './engine-client.ts';
import { asCount, asLabels, asList, asRecord, asText } from './engine-json.ts';

/** Besides `HELPER_LABEL`, on a helper that lives for one connection: nobody will ask for it again. */
export const ATTACHED_LABEL = 'dev.berth.helper-attached';

/** Besides, on one that shows the files of a workspace: it waits to be asked, and holds nobody's work. */
export const FILES_LABEL = 'dev.berth.helper-files';

/**
 * Returns how many. One that runs is never touched, but one that shows the files of a volume which is to go; one that goes
 * on without us and has ended is its starter's to read, and goes only with the volume that it holds.
 */
export async function sweepStoppedHelpers(
  client: EngineClient,
  which: { readonly createdBeforeMs: number } | { readonly volumeName: string },
  signal?: AbortSignal,
): Promise<number> {
  const stopped = ['created', 'exited', 'dead'];
  const filters: Record<string, string[]> =
    'volumeName' in which
      ? { label: [HELPER_LABEL], volume: [which.volumeName] }
      : { label: [ATTACHED_LABEL], status: stopped };
  const query = { all: 1, filters: JSON.stringify(filters) };
  const list = asList(
    await client.json({ method: 'GET', path: '/containers/json', query, subject: 'container', signal }),
  );
  let removed = 0;
  for (const item of list) {
    const { Id, Created, State, Labels } = asRecord(item);
    const isIdle = stopped.includes(asText(State)) || Object.hasOwn(asLabels(Labels), FILES_LABEL);
    if ('volumeName' in which && !isIdle) continue;
    if ('createdBeforeMs' in which && asCount(Created) * 1000 >= which.createdBeforeMs) continue;
    await removeByForce(client, asText(Id), signal);
    removed++;
  }
  return removed;
}
