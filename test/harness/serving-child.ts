/**
 * A plane in a process of its own that goes on until somebody kills it. Arguments: the data folder, a host's id. Prints one
 * line when that host is ready and all forwards that are wanted are.
 */
import type { HostId } from '#contract/ids.ts';
import { startPlane } from './start-plane.ts';

const [folder = '', hostId = ''] = process.argv.slice(2);
const plane = await startPlane({ folder });
await plane.hostReady(hostId as HostId);
await plane.until('forwards.watch', {}, (all) =>
  all.every(({ state }) => state === 'ready') ? true : undefined,
);
process.stdout.write('ready\n');
