/**
 * Whether a command runs in the foreground of a shell, as far as the shell tells: OSC 133 (FinalTerm's marks), `C` when a
 * command line begins to run, `D` when it has ended, `A` with each prompt. A shell that tells nothing is never busy. Takes
 * output in pieces, wherever they are cut.
 */

const mark = Buffer.from('\x1b]133;', 'latin1');

export class CommandMarks {
  #isRunning = false;
  /** The end of what came before: a mark may be cut in two. */
  #tail: Uint8Array = new Uint8Array(0);

  get isRunning(): boolean {
    return this.#isRunning;
  }

  append(bytes: Uint8Array): void {
    const { buffer, byteLength, byteOffset } = bytes;
    const own = Buffer.from(buffer, byteOffset, byteLength);
    const text = this.#tail.length === 0 ? own : Buffer.concat([this.#tail, own]);
    for (let end = text.length; ; ) {
      const at = text.subarray(0, end).lastIndexOf(mark);
      if (at < 0) break;
      const kind = text[at + mark.length];
      // The last one that says something counts: others (`B`, `P`) are of the prompt's look.
      if (kind === 0x43 /* C */) this.#isRunning = true;
      else if (kind === 0x41 /* A */ || kind === 0x44 /* D */) this.#isRunning = false;
      else {
        end = at;
        continue;
      }
      break;
    }
    // A copy: the bytes are the caller's again.
    this.#tail = Uint8Array.prototype.slice.call(text, Math.max(0, text.length - mark.length));
  }
}
