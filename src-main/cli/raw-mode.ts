/** A terminal's input, key by key. Guarantees that it is as before when that ends, however the process ends but by SIGKILL. */
import type { ReadStream } from 'node:tty';
import type { InputStream } from './terminal.ts';

export type RawInput = InputStream & Partial<Pick<ReadStream, 'setRawMode' | 'isRaw'>>;

/** Returns what ends it. Does nothing where the input is no terminal. */
export function enterRawMode(input: RawInput): () => void {
  if (input.isTTY !== true || input.setRawMode === undefined || input.isRaw === true) return () => undefined;
  const restore = () => {
    process.off('exit', restore);
    input.setRawMode?.(false);
  };
  process.on('exit', restore);
  input.setRawMode(true);
  return restore;
}
