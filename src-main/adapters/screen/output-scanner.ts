/**
 * Follows a terminal's output as it passes, without changing it: where an escape sequence begins and ends (ECMA-48, and
 * xterm's ctlseqs for OSC and private modes), which modes are on, and what title a program set. Owns just enough state
 * to say "here it is safe to cut". Bounded: a sequence that never ends costs a few kilobytes.
 */

/** A title longer than that is not one. The OSC is followed to its end all the same. */
const maxTitleBytes = 4_096;
const maxParameterBytes = 128;

const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const ESC = 0x1b;

/**
 * Private modes (DECSET) that change what later bytes mean or what the keyboard sends; a replay that begins after they
 * were set must set them again. Value: whether it is on after a reset.
 */
const trackedModes: ReadonlyMap<number, boolean> = new Map([
  [1, false], // cursor keys send application sequences
  [6, false], // origin mode
  [7, true], // wrap at the right edge
  [9, false], // mouse reporting, four kinds
  [25, true], // cursor is visible
  [45, false], // wrap backwards at the left edge
  [47, false],
  [66, false], // application keypad
  [1000, false],
  [1002, false],
  [1003, false],
  [1006, false], // how the mouse is reported
  [1016, false],
  [1004, false], // focus reporting
  [1047, false],
  [1049, false], // alternate screen
  [2004, false], // bracketed paste
]);
/** What DECSTR, a soft reset, puts back in xterm.js. */
const softResetModes: readonly number[] = [1, 6, 7, 25, 45, 66, 1004, 2004];
/** Of these the last one that was set counts, and resetting any ends it. */
const exclusiveModes: readonly (readonly number[])[] = [
  [9, 1000, 1002, 1003],
  [47, 1047, 1049],
  [1006, 1016],
];

/** What is kept of an open sequence, to begin it again in a snapshot; a longer one is an image or a lie. */
const maxOpenBytes = 4_096;

const nothing = new Uint8Array(0);

type State = 'ground' | 'escape' | 'escape-intermediate' | 'csi' | 'osc' | 'string';

export class OutputScanner {
  readonly #onTitle: (payload: Uint8Array) => void;
  #state: State = 'ground';
  #parameters = '';
  #osc: number[] = [];
  #isOscTitle = true;
  /** Modes that differ from a reset. */
  readonly #modes = new Map<number, boolean>();
  #restore = '';
  #open: Uint8Array = nothing;

  /** `onTitle` gets the UTF-8 of an OSC 0 or 2, uncleaned. */
  constructor(onTitle: (payload: Uint8Array) => void) {
    this.#onTitle = onTitle;
  }

  /** Sequences that bring a fresh terminal into the modes of now. */
  get restoringSequences(): string {
    return this.#restore;
  }

  /**
   * The beginning of a sequence or character whose rest is still to come. A terminal that joins here needs it, or shows
   * the rest as text.
   */
  get open(): Uint8Array {
    if (this.#open.length <= maxOpenBytes) return this.#open;
    // The rest is skipped: as a string of no meaning, or as a command of no meaning where a BEL may end it.
    return Buffer.from(
      this.#state === 'osc' ? '\x1b]9999;' : this.#state === 'string' ? '\x1bX' : '',
      'latin1',
    );
  }

  /**
   * Reads on. Returns the first place in `bytes` where a cut hurts nothing (no sequence and no UTF-8 character is
   * open), and the modes there; undefined when there is none.
   */
  feed(bytes: Uint8Array): { offset: number; restore: string } | undefined {
    let safe: { offset: number; restore: string } | undefined;
    let index = 0;
    // Where what is open at the end began; before this piece, unless something begins in it.
    let openAt = -1;
    while (index < bytes.length) {
      if (this.#state === 'ground') {
        const next = bytes.indexOf(ESC, index);
        const end = next < 0 ? bytes.length : next;
        if (safe === undefined) {
          let offset = index;
          while (offset < end && (bytes[offset]! & 0xc0) === 0x80) offset++;
          if (offset < bytes.length) safe = { offset, restore: this.#restore };
        }
        if (next < 0) {
          this.#openCharacter(bytes, index);
          return safe;
        }
        this.#state = 'escape';
        openAt = next;
        index = next + 1;
      } else {
        if (bytes[index] === ESC && this.#state !== 'osc' && this.#state !== 'string') openAt = index;
        this.#step(bytes[index]!);
        index += 1;
      }
    }
    if (this.#state === 'ground') this.#open = nothing;
    else if (openAt >= 0) this.#open = bytes.slice(openAt);
    else if (this.#open.length <= maxOpenBytes) this.#open = Buffer.concat([this.#open, bytes]);
    return safe;
  }

  /** The piece ends in text that began at `from`: perhaps within a character. */
  #openCharacter(bytes: Uint8Array, from: number): void {
    const last = bytes[bytes.length - 1]!;
    if (last < 0x80) {
      this.#open = nothing;
      return;
    }
    const tail =
      from > 0 || bytes.length >= 4
        ? bytes.subarray(Math.max(from, bytes.length - 4))
        : Buffer.concat([this.#open, bytes]).subarray(-4);
    let lead = tail.length - 1;
    while (lead > 0 && (tail[lead]! & 0xc0) === 0x80) lead -= 1;
    const byte = tail[lead]!;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    this.#open = tail.length - lead < length ? tail.slice(lead) : nothing;
  }

  #step(byte: number): void {
    if (byte === ESC) {
      // Ends a string; in a control sequence it begins anew.
      if (this.#state === 'osc') this.#endOsc();
      this.#state = 'escape';
      return;
    }
    if (byte === CAN || byte === SUB) {
      this.#state = 'ground';
      return;
    }
    switch (this.#state) {
      case 'escape':
        this.#escape(byte);
        return;
      case 'escape-intermediate':
        if (byte >= 0x30 && byte !== 0x7f) this.#state = 'ground';
        return;
      case 'csi':
        if (byte >= 0x40 && byte <= 0x7e) this.#endCsi(byte);
        else if (byte >= 0x20 && this.#parameters.length < maxParameterBytes)
          this.#parameters += String.fromCharCode(byte);
        return;
      case 'osc':
        if (byte === BEL) {
          this.#endOsc();
          this.#state = 'ground';
        } else this.#osc1(byte);
        return;
      case 'string':
      case 'ground':
        return;
      default:
        this.#state satisfies never;
    }
  }

  #escape(byte: number): void {
    switch (byte) {
      case 0x5b: // [
        this.#state = 'csi';
        this.#parameters = '';
        return;
      case 0x5d: // ]
        this.#state = 'osc';
        this.#osc = [];
        this.#isOscTitle = true;
        return;
      case 0x50: // P, X, ^, _: DCS, SOS, PM, APC
      case 0x58:
      case 0x5e:
      case 0x5f:
        this.#state = 'string';
        return;
      case 0x63: // c: RIS
        this.#modes.clear();
        break;
      case 0x3d: // =
        this.#set(66, true);
        break;
      case 0x3e: // >
        this.#set(66, false);
        break;
      default:
        if (byte >= 0x20 && byte <= 0x2f) {
          this.#state = 'escape-intermediate';
          return;
        }
        if (byte < 0x20) return;
    }
    this.#state = 'ground';
    this.#remember();
  }

  #endCsi(final: number): void {
    this.#state = 'ground';
    const parameters = this.#parameters;
    if (final === 0x70 && parameters === '!') {
      for (const mode of softResetModes) this.#modes.delete(mode);
      this.#remember();
      return;
    }
    if ((final !== 0x68 && final !== 0x6c) || !parameters.startsWith('?')) return;
    for (const text of parameters.slice(1).split(';')) this.#set(Number(text), final === 0x68);
    this.#remember();
  }

  #set(mode: number, isOn: boolean): void {
    const normal = trackedModes.get(mode);
    if (normal === undefined) return;
    // Set again it comes last, as it came.
    this.#modes.delete(mode);
    for (const others of exclusiveModes)
      if (others.includes(mode)) for (const other of others) this.#modes.delete(other);
    if (normal !== isOn) this.#modes.set(mode, isOn);
  }

  #remember(): void {
    let restore = '';
    for (const [mode, isOn] of this.#modes) restore += `\x1b[?${mode}${isOn ? 'h' : 'l'}`;
    if (restore !== this.#restore) this.#restore = restore;
  }

  #osc1(byte: number): void {
    if (!this.#isOscTitle) return;
    this.#osc.push(byte);
    const isPrefixWrong =
      (this.#osc.length === 1 && byte !== 0x30 && byte !== 0x32) ||
      (this.#osc.length === 2 && byte !== 0x3b) ||
      this.#osc.length > maxTitleBytes;
    if (!isPrefixWrong) return;
    this.#isOscTitle = false;
    this.#osc = [];
  }

  #endOsc(): void {
    if (this.#isOscTitle && this.#osc.length >= 2) this.#onTitle(Uint8Array.from(this.#osc.slice(2)));
    this.#osc = [];
  }
}
