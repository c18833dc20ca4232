import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Bytes of all buffers of this thread that something still refers to: garbage is collected first. The process's resident
 * memory would count the collector's own pace too, and what other tests do in their threads.
 */
export function heldBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  // Buffers are freed beside the program; the second time waits for what the first found.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}
