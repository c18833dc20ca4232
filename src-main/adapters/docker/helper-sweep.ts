/** Removes helper containers that do nothing any more: those that hold a volume, and those that a crash left behind. */
import { HELPER_LABEL, removeByForce } from './container-inspection.ts';
import type { EngineClient } from './engine-client.ts';
import { asCount, asList, asRecord, asText } from './engine-json.ts';

/** Besides `HELPER_LABEL`, on a helper that lives for one connection: nobody will ask for it again. */
export const ATTACHED_LABEL = 'dev.berth.helper-attached';

/**
 * Returns how many. One that runs is never touched; one that goes on without us and has ended is its starter's to read,
 * and goes only with the volume that it holds.
 */
export async function sweepStoppedHelpers(
  client: EngineClient,
  which: { readonly createdBeforeMs: number } | { readonly volumeName: string },
  signal?: AbortSignal,
): Promise<number> {
  const filters: Record<string, string[]> = {
    label: ['volumeName' in which ? HELPER_LABEL : ATTACHED_LABEL],
    status: ['created', 'exited', 'dead'],
  };
  if ('volumeName' in which) filters.volume = [which.volumeName];
  const query = { all: 1, filters: JSON.stringify(filters) };
  const list = asList(
    await client.json({ method: 'GET', path: '/containers/json', query, subject: 'container', signal }),
  );
  let removed = 0;
  for (const item of list) {
    const { Id, Created } = asRecord(item);
    if ('createdBeforeMs' in which && asCount(Created) * 1000 >= which.createdBeforeMs) continue;
    await removeByForce(client, asText(Id), signal);
    removed++;
  }
  return removed;
}
