/**
 * Locks between processes that can never go stale: a name is held by listening on an abstract Unix socket (unix(7)),
 * which the kernel frees at the very moment the holder ends, whatever ended it. Linux only.
 */
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Claim {
  readonly name: string;
  release(): Promise<void>;
}

/** Takes the name, or resolves undefined when another process (or this one) holds it. */
export function tryClaim(name: string): Promise<Claim | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(`\0berth-test-${name}`, () => {
      server.unref();
      resolve({ name, release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

/** Runs `work` while no other process runs work under the same name. */
export async function withExclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
  const POLL_MS = 50;
  for (;;) {
    const claim = await tryClaim(name);
    if (claim) {
      try {
        return await work();
      } finally {
        await claim.release();
      }
    }
    await delay(POLL_MS);
  }
}
