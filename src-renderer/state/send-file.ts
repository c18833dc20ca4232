/**
 * Sends a file up a byte stream in slices: reads the next one only when the plane has taken the last, so that a file of
 * any size needs the memory of one slice. Ends when the plane has said what became of it.
 */
import { BerthError } from '#contract/berth-error.ts';
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { ByteStream } from '../transport/client.ts';

/** Bytes read at once. One slice waits in memory; larger ones only delay what is said of the progress. */
const sliceBytes = 512 * 1024;

export interface SendOptions {
  readonly file: Blob;
  readonly signal: AbortSignal;
  /** Where both sides talk: in frames, with one for the end (contract/framed-bytes.ts). Else the bytes as they are. */
  readonly isFramed?: boolean;
  /** Bytes that have left this window so far. */
  readonly onSent: (bytes: number) => void;
}

/** @throws BerthError what ended the stream; `cancelled` by the signal. */
export async function sendFile(
  stream: ByteStream,
  { file, signal, onSent, isFramed = false }: SendOptions,
): Promise<void> {
  let isOver = false;
  const over = stream.ended.finally(() => {
    isOver = true;
  });
  // It is looked at below; until then it must not count as unhandled.
  over.catch(() => undefined);
  const stop = () => stream.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await stream.opened;
    for (let from = 0; from < file.size && !isOver && !signal.aborted; from += sliceBytes) {
      const slice = await readSlice(file.slice(from, from + sliceBytes));
      if (isOver || signal.aborted) break;
      stream.send(isFramed ? encodeByteFrame({ kind: 'input', bytes: slice }) : slice);
      await stream.whenSent();
      if (!isOver && !signal.aborted) onSent(Math.min(file.size, from + sliceBytes));
    }
    if (signal.aborted) throw new BerthError('cancelled', 'It was cancelled.');
    if (isFramed && !isOver) stream.send(encodeByteFrame({ kind: 'inputEnd' }));
    await over;
  } catch (cause) {
    if (signal.aborted) throw new BerthError('cancelled', 'It was cancelled.', { cause });
    throw cause;
  } finally {
    signal.removeEventListener('abort', stop);
    stream.close();
  }
}

async function readSlice(slice: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await slice.arrayBuffer());
  } catch (cause) {
    throw new BerthError(
      'invalid-input',
      'The file could not be read any further. It may have been moved or changed; choose it again.',
      { cause },
    );
  }
}
