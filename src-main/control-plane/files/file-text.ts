/** What is text that can be edited here: UTF-8 without a zero byte. A byte order mark is kept as it is. Pure. */
import { BerthError } from '#contract/berth-error.ts';

/** Undefined: it is none. */
export function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function notTextError(path: string): BerthError {
  return new BerthError('file.not-text', `“${path}” is not text in UTF-8. Download it instead.`, {
    details: { path },
  });
}

export function tooLargeError(path: string): BerthError {
  return new BerthError('file.too-large', `“${path}” is larger than 1 MiB. Download it instead.`, {
    details: { path },
  });
}
