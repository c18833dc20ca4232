/** What a terminal shows after its backlog was thrown away: its last few lines, on a screen whose state is known. Pure. */

/** The end of what was thrown away is shown all the same: it holds the prompt. */
export const backlogTailBytes = 4_096;
/** CAN ends an escape sequence that the cut may have left open (ECMA-48 8.3.7 and every terminal since the VT100). */
export const cancelSequence = Uint8Array.of(0x18);
/** RIS: everything as in a fresh terminal. */
export const resetSequence = Buffer.from('\x1bc', 'latin1');

/** From the first line that begins within the tail; all of it where it has a single line. */
export function lastLines(tail: Uint8Array): Uint8Array {
  if (tail.length < backlogTailBytes) return tail;
  const newline = tail.indexOf(0x0a);
  return newline < 0 ? tail.subarray(0, 0) : tail.subarray(newline + 1);
}
