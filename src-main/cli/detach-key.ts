/** The key that leaves a shell. It is a control character, so that it never is a part of what somebody types. */
import { TypedWrong } from './failure.ts';

export interface DetachKey {
  readonly byte: number;
  /** As on a keyboard: `Ctrl+]`. */
  readonly name: string;
}

export interface DetachFilter {
  readonly key: DetachKey | null;
  /** What is typed, up to the key. */
  pass(bytes: Uint8Array): Uint8Array;
}

/** `^]`, `^p`, `none`. Ctrl+@ and what ends lines are none. @throws TypedWrong */
export function parseDetachKey(text: string): DetachKey | null {
  if (text === 'none') return null;
  const [, letter = ''] = /^\^([a-zA-Z[\]\\^_])$/.exec(text) ?? [];
  const byte = letter.toUpperCase().charCodeAt(0) & 0x1f;
  if (letter === '' || byte === 10 || byte === 13)
    throw new TypedWrong(`--detach-key: "${text}" is no ^ with a letter or one of [ ] \\ ^ _, and not none.`);
  return { byte, name: `Ctrl+${letter.toUpperCase()}` };
}

export function createDetachFilter(key: DetachKey | null, onKey: () => void): DetachFilter {
  return {
    key,
    pass(bytes) {
      const index = key === null ? -1 : bytes.indexOf(key.byte);
      if (index === -1) return bytes;
      onKey();
      return bytes.subarray(0, index);
    },
  };
}
