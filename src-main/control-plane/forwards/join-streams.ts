/**
 * Two connections become one. Guarantees: bytes are untouched, each direction ends by itself, a slow reader holds its writer
 * up, and what breaks on one side is broken off on the other at once.
 */
import type { Duplex } from 'node:stream';
import type { LocalConnection } from '../interfaces/local-network.ts';

/** Both are taken over. `remote` resets the other side when it is destroyed before its end. */
export function joinStreams(local: LocalConnection, remote: Duplex): void {
  local.on('error', () => remote.destroy());
  remote.on('error', () => local.resetAndDestroy());
  local.on('close', () => {
    if (!hasEndedWell(local)) remote.destroy();
  });
  remote.on('close', () => {
    if (!hasEndedWell(remote)) local.resetAndDestroy();
  });
  if (local.destroyed) remote.destroy();
  else if (remote.destroyed) local.resetAndDestroy();
  local.pipe(remote);
  remote.pipe(local);
}

function hasEndedWell(stream: Duplex): boolean {
  return stream.readableEnded && stream.writableFinished;
}
