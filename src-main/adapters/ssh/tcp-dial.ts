/**
 * TCP connections that begin on the host (RFC 4254, 7.2: direct-tcpip). They count against no limit on sessions. Guarantees:
 * an address that does not answer costs the connection nothing: only the wait for it ends.
 */
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import { ChannelStream } from './channel-stream.ts';
import { discard, type SshLink } from './ssh-link.ts';

/** Milliseconds: what is dialled is on the host itself. */
const dialTimeoutMs = 3_000;
/** RFC 4254, 5.1: SSH_OPEN_ADMINISTRATIVELY_PROHIBITED. */
const prohibited = 1;

export function dialTcp(link: SshLink, address: string, port: number, signal?: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (!link.isAlive) return reject(link.endError());
    let isSettled = false;
    const settle = (done: () => void) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      stopListening();
      signal?.removeEventListener('abort', abort);
      done();
    };
    const abort = () => settle(() => reject(new BerthError('cancelled', 'The connection was cancelled.')));
    const timer = setTimeout(
      () => settle(() => reject(new BerthError('timed-out', `${address} did not answer on port ${port}.`))),
      dialTimeoutMs,
    );
    const stopListening = link.onLost((error) => settle(() => reject(error)));
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) return abort();
    try {
      link.client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
        if (isSettled) {
          if (!error) discard(channel);
          return;
        }
        // ssh2 calls back with an error for every open channel just before it tells of the lost connection.
        if (error)
          return void setImmediate(() =>
            settle(() => reject(link.isAlive ? refusal(error, address, port) : link.endError())),
          );
        settle(() => resolve(new ChannelStream(channel, link, undefined, true)));
      });
    } catch (error) {
      settle(() => reject(error));
    }
  });
}

function refusal(cause: Error & { reason?: unknown }, address: string, port: number): BerthError {
  const isProhibited = cause.reason === prohibited || cause.reason === 'ADMINISTRATIVELY_PROHIBITED';
  return isProhibited
    ? new BerthError('engine.forwarding-denied', 'The server forwards no TCP connections.', { cause })
    : new BerthError('workspace.port-refused', `Nothing answers at ${address} on port ${port}.`, { cause });
}
