/**
 * Program output as lines that can be drawn safely: escape sequences become a few known styles or nothing, control and
 * bidirectional override characters go, a carriage return writes the line anew. Bounded in lines and in the length of
 * a line. Pure but for its own buffer; knows nothing of the screen.
 */

export type OutputColour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'grey';

export interface OutputStyle {
  readonly colour: OutputColour | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
}

export interface OutputSegment {
  readonly text: string;
  /** Null: plain. */
  readonly style: OutputStyle | null;
}

export interface OutputLine {
  /** Counts up from 0 for as long as the buffer lives, so that a line keeps its name when older ones go. */
  readonly id: number;
  readonly segments: readonly OutputSegment[];
  readonly text: string;
}

const plain: OutputStyle = {
  colour: null,
  isBold: false,
  isDim: false,
  isItalic: false,
  isUnderlined: false,
};
// Black, white and their bright forms are the page's own text colours: as grey or as nothing they can always be read.
const colours: readonly (OutputColour | null)[] = [
  'grey',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  null,
];

/** An escape sequence that is longer than this is not one (ECMA-48 sequences are short; titles are the longest). */
const longestEscape = 4096;
const controls = /[\u0000-\u001f\u007f-\u009f]/g;
const overrides = /[\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
/** ECMA-48 §5.4 (CSI), §5.6 (control strings) and two-character escapes. */
const csi = /\u001b\[([0-?]*)[ -/]*([@-~])/y;
const controlString = /\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)/y;
const shortEscape = /\u001b[ -/]*[0-OQ-WYZ\\`-~]/y;

export interface OutputLimits {
  readonly maxLines: number;
  /** Characters; a longer line goes on in the next one. */
  readonly maxLineLength: number;
}

export class OutputLines {
  readonly #limits: OutputLimits;
  #finished: OutputLine[] = [];
  #open: OutputSegment[] = [];
  #openLength = 0;
  #nextId = 0;
  #style: OutputStyle = plain;
  /** The begin of a sequence whose end has not come yet. */
  #pending = '';
  #droppedLines = 0;

  constructor(limits: OutputLimits = { maxLines: 10_000, maxLineLength: 4_000 }) {
    this.#limits = limits;
  }

  /** How many of the oldest lines are not kept any more. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** The lines now, the unfinished one last. A new array each time. */
  lines(): readonly OutputLine[] {
    const { maxLines } = this.#limits;
    const kept = this.#finished.slice(-maxLines);
    if (this.#openLength > 0) kept.push(this.#lineOf(this.#open, this.#nextId));
    return kept.length > maxLines ? kept.slice(-maxLines) : kept;
  }

  clear(): void {
    this.#finished = [];
    this.#open = [];
    this.#openLength = 0;
    this.#style = plain;
    this.#pending = '';
    this.#droppedLines = 0;
  }

  push(added: string): void {
    const text = this.#pending + added;
    this.#pending = '';
    let index = 0;
    while (index < text.length) {
      controls.lastIndex = index;
      const found = controls.exec(text);
      const end = found?.index ?? text.length;
      if (end > index) this.#append(text.slice(index, end));
      if (!found) return;
      const next = this.#control(text, end);
      if (next === null) {
        this.#pending = text.slice(end);
        return;
      }
      index = next;
    }
  }

  /** The index behind the control at `at`; null: its end has not come yet. */
  #control(text: string, at: number): number | null {
    const control = text[at];
    if (control === '\u001b') return this.#escape(text, at);
    if (control === '\n') this.#finish();
    else if (control === '\t') this.#append('\t');
    else if (control === '\r') {
      if (at + 1 === text.length) return null;
      // "\r\n" is a line end; a lone one goes back to the line's begin, as progress bars do.
      if (text[at + 1] !== '\n') this.#restart();
    }
    return at + 1;
  }

  #escape(text: string, at: number): number | null {
    csi.lastIndex = at;
    const sequence = csi.exec(text);
    if (sequence) {
      if (sequence[2] === 'm') this.#style = restyled(this.#style, sequence[1] ?? '');
      return csi.lastIndex;
    }
    for (const pattern of [controlString, shortEscape]) {
      pattern.lastIndex = at;
      if (pattern.test(text)) return pattern.lastIndex;
    }
    return text.length - at < longestEscape ? null : at + 1;
  }

  #append(raw: string): void {
    let text = raw.replace(overrides, '');
    const { maxLineLength } = this.#limits;
    while (text.length > 0) {
      if (this.#openLength >= maxLineLength) this.#finish();
      const part = text.slice(0, maxLineLength - this.#openLength);
      const last = this.#open.at(-1);
      const style = this.#style === plain ? null : this.#style;
      if (last && last.style === style) this.#open[this.#open.length - 1] = { text: last.text + part, style };
      else this.#open.push({ text: part, style });
      this.#openLength += part.length;
      text = text.slice(part.length);
    }
  }

  #finish(): void {
    this.#finished.push(this.#lineOf(this.#open, this.#nextId));
    this.#nextId += 1;
    this.#restart();
    // Cut in large pieces, so that a flood does not move the whole list for every line.
    const { maxLines } = this.#limits;
    if (this.#finished.length < maxLines * 1.25 + 64) return;
    this.#droppedLines += this.#finished.length - maxLines;
    this.#finished = this.#finished.slice(-maxLines);
  }

  #restart(): void {
    this.#open = [];
    this.#openLength = 0;
  }

  #lineOf(segments: readonly OutputSegment[], id: number): OutputLine {
    return { id, segments: [...segments], text: segments.map((segment) => segment.text).join('') };
  }
}

/** SGR: ECMA-48 §8.3.117. Backgrounds and inverse are left out, so that text always stands on the page's own surface. */
function restyled(before: OutputStyle, parameters: string): OutputStyle {
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number.parseInt(code, 10)));
  let style = before;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) style = plain;
    else if (code === 1) style = { ...style, isBold: true };
    else if (code === 2) style = { ...style, isDim: true };
    else if (code === 3) style = { ...style, isItalic: true };
    else if (code === 4) style = { ...style, isUnderlined: true };
    else if (code === 22) style = { ...style, isBold: false, isDim: false };
    else if (code === 23) style = { ...style, isItalic: false };
    else if (code === 24) style = { ...style, isUnderlined: false };
    else if (code >= 30 && code <= 37) style = { ...style, colour: colours[code - 30] ?? null };
    else if (code >= 90 && code <= 97) style = { ...style, colour: colours[code - 90] ?? null };
    else if (code === 39) style = { ...style, colour: null };
    else if (code === 38 || code === 48 || code === 58) {
      const isPalette = codes[index + 1] === 5;
      const number = codes[index + 2] ?? 0;
      if (code === 38 && isPalette && number < 16) style = { ...style, colour: colours[number % 8] ?? null };
      index += isPalette ? 2 : 4;
    }
  }
  return isPlain(style) ? plain : style;
}

function isPlain(style: OutputStyle): boolean {
  return style.colour === null && !style.isBold && !style.isDim && !style.isItalic && !style.isUnderlined;
}
