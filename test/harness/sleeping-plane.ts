/**
 * A plane in a process of its own, which a test stops and continues as a laptop's lid does. Arguments: data folder, host.
 * Prints a line of JSON for each state of the host: the phase, since when it is so, and the time.
 */
import type { HostId } from '#contract/ids.ts';
import { startPlane } from './start-plane.ts';

export interface SeenState {
  readonly phase: string;
  readonly sinceAt: string | null;
  readonly atMs: number;
}

const [folder, hostId] = process.argv.slice(2) as [string, HostId];
const plane = await startPlane({ folder });
let last = '';
const end = new AbortController();
process.once('SIGTERM', () => end.abort());
for await (const item of plane.client.stream('hosts.watch', {}, { signal: end.signal })) {
  const hosts = item.type === 'all' ? item.items : item.upserted;
  const state = hosts.find(({ id }) => id === hostId)?.state;
  if (state === undefined) continue;
  const sinceAt = 'sinceAt' in state ? state.sinceAt : null;
  const key = `${state.phase} ${sinceAt}`;
  if (key === last) continue;
  last = key;
  const seen: SeenState = { phase: state.phase, sinceAt, atMs: Date.now() };
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}
await plane.close();
