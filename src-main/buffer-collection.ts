/**
 * When V8 looks for buffers that nobody holds. Owns one setting of this process's garbage collector; changes no other
 * thing, and nothing where V8 is another than the one that it was measured with.
 */
import { setFlagsFromString } from 'node:v8';

/** The V8 of Node 24. A later one is to be measured first: it may not know the flag, and says so on the error output. */
const knownVersion = /^13\.6\./;

/**
 * Counts the bytes of buffers against the heap's own limit, as its objects are. V8 13.6 otherwise begins a collection of
 * the whole heap for some 20 MB of new buffers (its limit for a heap of 30 MB, which buffers are held against though
 * they are no part of it): bytes that stream through Berth then cost more time in the collector than in all else. The
 * process takes some 70 MB more while they do. To be called before much is allocated. Says whether it was done.
 */
export function countBuffersAsHeap(v8Version: string = process.versions.v8): boolean {
  if (!knownVersion.test(v8Version)) return false;
  setFlagsFromString('--external-memory-accounted-in-global-limit');
  return true;
}
