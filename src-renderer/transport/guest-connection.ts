/** The way of a guest: a link's token becomes a cookie for one share, and that opens sockets. Never the owner's doors. */
import { BerthError, ErrorShape } from '#contract/berth-error.ts';
import type { Connection } from '#contract/frame.ts';
import { ShareId } from '#contract/ids.ts';
import { createLastingClient, dialSocket, type LastingClient } from './connect.ts';

/** @throws BerthError not-found, too-many, connection-lost */
export async function enterShare(token: string): Promise<ShareId> {
  const response = await fetch('/api/v1/shared', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Berth': '1' },
    body: JSON.stringify({ token }),
    credentials: 'same-origin',
    cache: 'no-store',
  }).catch(() => undefined);
  const body: unknown = await response?.json().catch(() => undefined);
  const failure = ErrorShape.safeParse((body as { error?: unknown } | undefined)?.error);
  if (failure.success) throw BerthError.fromShape(failure.data);
  const entered = ShareId.safeParse((body as { shareId?: unknown } | undefined)?.shareId);
  if (!entered.success)
    throw new BerthError('connection-lost', 'Berth does not answer. Is it still running?');
  return entered.data;
}

/** `onGone`: the share is no more, and no dialling brings it back. */
export function connectShared(shareId: ShareId, onGone: () => void): LastingClient {
  const dial = async (signal: AbortSignal): Promise<Connection> => {
    try {
      return await dialSocket(signal, `/api/v1/shared/${shareId}/socket-ticket`);
    } catch (error) {
      if (BerthError.is(error, 'not-found')) throw new BerthError('not-signed-in', error.message);
      throw error;
    }
  };
  const client = createLastingClient({ dial, onSignedOut: onGone });
  window.addEventListener('online', () => client.reconnect());
  return client;
}
