/**
 * Decodes sixel pictures (DEC STD 070, chapter 9) to pixels. Our own and plain, for the addon's decoder is WebAssembly,
 * which the page's policy forbids, and spends as much time as a picture asks for.
 * Guarantees: at most `maximumPixels` pixels and a bounded number of strokes, whatever the data; nothing is thrown.
 */

/** Pixels of one picture: 2,000 × 2,000, 16 MB of memory. */
export const maximumPixels = 4_000_000;
/** Pixels along one side; browsers draw no larger canvas reliably. */
const maximumSide = 8_192;
/** Pixels painted for one picture, overpainted ones too: 12 bytes can ask for thousands. About 0.2 s of work. */
const maximumStrokes = 4 * maximumPixels;
const maximumColours = 256;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGBA; what was not painted is transparent. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

export function decodeSixel(data: string): Pixels | null {
  const size = measure(data);
  if (size === null) return null;
  const { width, height } = size;
  const rgba = new Uint8ClampedArray(width * height * 4);
  const target = new Uint32Array(rgba.buffer);
  const palette = defaultPalette();
  let colour = palette[0]!;
  let strokes = 0;
  walk(data, {
    colour: (numbers) => {
      const index = (numbers[0] ?? 0) % maximumColours;
      if (numbers.length >= 5) palette[index] = colourOf(numbers);
      colour = palette[index]!;
    },
    sixel: (bits, x, y, count) => {
      const to = Math.min(width, x + count);
      for (let bit = 0; bit < 6; bit += 1) {
        const row = y + bit;
        if ((bits & (1 << bit)) === 0 || row >= height) continue;
        strokes += to - x;
        if (strokes > maximumStrokes) return false;
        target.fill(colour, row * width + x, row * width + to);
      }
      return true;
    },
  });
  return { width, height, rgba };
}

/** The size that it needs: what it declares, or what it paints, whichever is larger. */
function measure(data: string): { width: number; height: number } | null {
  let width = 0;
  let height = 0;
  walk(data, {
    raster: (numbers) => {
      width = Math.max(width, numbers[2] ?? 0);
      height = Math.max(height, numbers[3] ?? 0);
    },
    sixel: (bits, x, y, count) => {
      if (bits === 0) return true;
      width = Math.max(width, x + count);
      height = Math.max(height, y + 32 - Math.clz32(bits));
      return width <= maximumSide && height <= maximumSide;
    },
  });
  if (width === 0 || height === 0 || width > maximumSide || height > maximumSide) return null;
  return width * height > maximumPixels ? null : { width, height };
}

interface Strokes {
  readonly raster?: (numbers: readonly number[]) => void;
  readonly colour?: (numbers: readonly number[]) => void;
  /** `count` columns of six pixels from (x, y) down; false ends the picture. */
  readonly sixel: (bits: number, x: number, y: number, count: number) => boolean;
}

function walk(data: string, strokes: Strokes): void {
  let x = 0;
  let y = 0;
  let repeat = 1;
  for (let index = 0; index < data.length; ) {
    const code = data.charCodeAt(index);
    index += 1;
    if (code >= 63 && code <= 126) {
      if (!strokes.sixel(code - 63, x, y, repeat)) return;
      x += repeat;
      repeat = 1;
    } else if (code === 0x24) {
      // `$`: back to the left edge.
      x = 0;
    } else if (code === 0x2d) {
      // `-`: the next band.
      x = 0;
      y += 6;
    } else if (code === 0x21 || code === 0x22 || code === 0x23) {
      const [numbers, next] = readNumbers(data, index);
      index = next;
      if (code === 0x21) repeat = Math.max(1, numbers[0] ?? 1);
      else if (code === 0x22) strokes.raster?.(numbers);
      else strokes.colour?.(numbers);
    }
    // Everything else (line ends, unknown signs) is skipped, as the standard asks.
  }
}

/** Up to five numbers, each held to the largest that can matter. */
function readNumbers(data: string, from: number): [number[], number] {
  const numbers: number[] = [];
  let current = -1;
  let index = from;
  for (; index < data.length; index += 1) {
    const code = data.charCodeAt(index);
    if (code >= 48 && code <= 57) current = Math.min(maximumSide + 1, Math.max(0, current) * 10 + code - 48);
    else if (code === 59) {
      if (numbers.length < 5) numbers.push(Math.max(0, current));
      current = -1;
    } else break;
  }
  if (current >= 0 && numbers.length < 5) numbers.push(current);
  return [numbers, index];
}

/** `index; 2; red; green; blue` in percent, or `index; 1; hue; lightness; saturation`. */
function colourOf([, system, a = 0, b = 0, c = 0]: readonly number[]): number {
  if (system !== 1) return pack(percent(a), percent(b), percent(c));
  // Hue 0 is blue, 120 red, 240 green.
  const hue = (((a + 240) % 360) / 360) * 6;
  const lightness = Math.min(100, b) / 100;
  const saturation = Math.min(100, c) / 100;
  const chroma = (1 - Math.abs(2 * lightness - 1)) * saturation;
  const second = chroma * (1 - Math.abs((hue % 2) - 1));
  const base = lightness - chroma / 2;
  const parts = [
    [chroma, second, 0],
    [second, chroma, 0],
    [0, chroma, second],
    [0, second, chroma],
    [second, 0, chroma],
    [chroma, 0, second],
  ][Math.floor(hue) % 6]!;
  const [red = 0, green = 0, blue = 0] = parts.map((one) => Math.round((one + base) * 255));
  return pack(red, green, blue);
}

function percent(value: number): number {
  return Math.round((Math.min(100, value) * 255) / 100);
}

/** One pixel as the canvas has it in memory (little-endian, as on every machine that runs a browser). */
function pack(red: number, green: number, blue: number): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** The sixteen of a VT340; then black, for a picture defines what else it uses. */
function defaultPalette(): Uint32Array {
  const palette = new Uint32Array(maximumColours).fill(pack(0, 0, 0));
  const vt340 = [
    [0, 0, 0],
    [20, 20, 80],
    [80, 13, 13],
    [20, 80, 20],
    [80, 20, 80],
    [20, 80, 80],
    [80, 80, 20],
    [53, 53, 53],
    [26, 26, 26],
    [33, 33, 60],
    [60, 26, 26],
    [33, 60, 33],
    [60, 33, 60],
    [33, 60, 60],
    [60, 60, 33],
    [80, 80, 80],
  ] as const;
  for (const [index, [red, green, blue]] of vt340.entries())
    palette[index] = pack(percent(red), percent(green), percent(blue));
  return palette;
}
