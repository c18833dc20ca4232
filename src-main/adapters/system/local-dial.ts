/** A TCP connection from this computer to an address that it has itself (net: nodejs.org/api/net.html). */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';

/** Milliseconds: what is dialled is on this computer. */
const dialTimeoutMs = 3_000;

/** As HostConnection.dial. */
export async function dialLocal(address: string, port: number, signal?: AbortSignal): Promise<Socket> {
  const late = AbortSignal.timeout(dialTimeoutMs);
  const limits = signal === undefined ? late : AbortSignal.any([late, signal]);
  const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true });
  // It is heard of below, or by whoever has the socket then.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal: limits });
    return socket;
  } catch (cause) {
    socket.destroy();
    if (signal?.aborted) throw new BerthError('cancelled', 'The connection was cancelled.', { cause });
    if (late.aborted)
      throw new BerthError('timed-out', `${address} did not answer on port ${port}.`, { cause });
    throw new BerthError('workspace.port-refused', `Nothing answers at ${address} on port ${port}.`, {
      cause,
    });
  }
}
