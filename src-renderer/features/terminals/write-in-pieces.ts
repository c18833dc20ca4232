/** Bytes that xterm.js parses before it looks at its clock (12 ms a turn): a piece of it is parsed to its end. */
const pieceBytes = 8 * 1024;

interface Writable {
  write(bytes: Uint8Array, parsed?: () => void): void;
}

/**
 * Gives output to the parser in pieces between which the page can draw and take keys: 64 KiB of what is slow to parse (links,
 * say) held it for a tenth of a second. `parsed` is called once, after the last piece.
 */
export function writeInPieces(screen: Writable, bytes: Uint8Array, parsed: () => void): void {
  let from = 0;
  for (; bytes.byteLength - from > pieceBytes; from += pieceBytes)
    screen.write(bytes.subarray(from, from + pieceBytes));
  screen.write(bytes.subarray(from), parsed);
}
