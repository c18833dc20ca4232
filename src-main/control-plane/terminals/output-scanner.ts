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
  [25, true], // cursor is visible
  [47, false],
  [66, false], // application keypad
  [1000, false], // mouse reporting, five kinds
  [1002, false],
  [1003, false],
  [1006, false],
  [1004, false], // focus reporting
  [1047, false],
  [1049, false], // alternate screen
  [2004, false], // bracketed paste
]);
/** What DECSTR, a soft reset, puts back. */
const softResetModes: readonly number[] = [1, 6, 7, 25, 66];

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

  /** `onTitle` gets the UTF-8 of an OSC 0 or 2, uncleaned. */
  constructor(onTitle: (payload: Uint8Array) => void) {
    this.#onTitle = onTitle;
  }

  /** Sequences that bring a fresh terminal into the modes of now. */
  get restoringSequences(): string {
    return this.#restore;
  }

  /**
   * Reads on. Returns the first place in `bytes` where a cut hurts nothing (no sequence and no UTF-8 character is
   * open), and the modes there; undefined when there is none.
   */
  feed(bytes: Uint8Array): { offset: number; restore: string } | undefined {
    let safe: { offset: number; restore: string } | undefined;
    let index = 0;
    while (index < bytes.length) {
      if (this.#state === 'ground') {
        const next = bytes.indexOf(ESC, index);
        const end = next < 0 ? bytes.length : next;
        if (safe === undefined) {
          let offset = index;
          while (offset < end && (bytes[offset]! & 0xc0) === 0x80) offset++;
          if (offset < bytes.length) safe = { offset, restore: this.#restore };
        }
        if (next < 0) break;
        this.#state = 'escape';
        index = next + 1;
      } else {
        this.#step(bytes[index]!);
        index += 1;
      }
    }
    return safe;
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
    if (normal === isOn) this.#modes.delete(mode);
    else this.#modes.set(mode, isOn);
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
