/** Bytes into an output of this process; `done` when they are written, by which a slow reader slows the sender down. */
import type { OutputStream } from './terminal.ts';

export function writeOut(output: OutputStream, bytes: Uint8Array, done: () => void): void {
  // Whoever reads is gone: what still comes is thrown away, for its end is what is waited for.
  output.write(bytes, () => done());
}
