/**
 * iTerm2's inline images (OSC 1337): the header, the bytes, and how large the picture is before anything decodes it. Pure.
 * Source: iterm2.com/documentation-images.html. PNG, JPEG and GIF; the size comes from the file's own first bytes, for
 * a file of 100 KB can unfold to gigabytes.
 */
import { maximumPixels } from './sixel.ts';

/** Bytes of one file. */
const maximumFileBytes = 4_000_000;
/** Pixels along one side. */
const maximumSide = 8_192;

export interface InlineImage {
  readonly mime: 'image/png' | 'image/jpeg' | 'image/gif';
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** As asked for: `auto`, cells (`12`), pixels (`12px`) or a part of the screen (`50%`). */
  readonly askedWidth: string;
  readonly askedHeight: string;
  readonly keepsRatio: boolean;
}

export function parseInlineImage(data: string): InlineImage | null {
  const colon = data.indexOf(':');
  if (!data.startsWith('File=') || colon < 0 || colon > 2_048) return null;
  const fields = new Map(
    data
      .slice('File='.length, colon)
      .split(';')
      .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]),
  );
  // Without it the file is meant as a download, which output has no business to start.
  if (fields.get('inline') !== '1') return null;
  const encoded = data.slice(colon + 1).replace(/[\r\n]/g, '');
  if (encoded.length > (maximumFileBytes / 3) * 4 + 4) return null;
  const bytes = decodeBase64(encoded);
  if (bytes === null) return null;
  const size = imageSize(bytes);
  if (size === null || size.width === 0 || size.height === 0) return null;
  if (size.width > maximumSide || size.height > maximumSide || size.width * size.height > maximumPixels)
    return null;
  return {
    ...size,
    bytes,
    askedWidth: sizeField(fields.get('width')),
    askedHeight: sizeField(fields.get('height')),
    keepsRatio: fields.get('preserveAspectRatio') !== '0',
  };
}

function sizeField(text: string | undefined): string {
  return text !== undefined && /^\d{1,5}(?:px|%)?$/.test(text) ? text : 'auto';
}

function decodeBase64(encoded: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

export function imageSize(bytes: Uint8Array): Pick<InlineImage, 'mime' | 'width' | 'height'> | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 24 && view.getUint32(0) === 0x89504e47 && view.getUint32(12) === 0x49484452)
    return { mime: 'image/png', width: view.getUint32(16), height: view.getUint32(20) };
  if (bytes.length >= 10 && view.getUint32(0) === 0x47494638)
    return { mime: 'image/gif', width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return null;
  // JPEG: segments, until the one that begins a frame.
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return null;
    const kind = bytes[at + 1]!;
    const isFrame = kind >= 0xc0 && kind <= 0xcf && kind !== 0xc4 && kind !== 0xc8 && kind !== 0xcc;
    if (isFrame) return { mime: 'image/jpeg', width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}

export interface ScreenMeasure {
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly cols: number;
  readonly rows: number;
}

/** The size in pixels at which it is drawn: as asked for, never larger than the screen nor than the bound. */
export function drawnSize(image: InlineImage, screen: ScreenMeasure): { width: number; height: number } {
  const room = {
    width: screen.cols * screen.cellWidth,
    height: Math.max(1, screen.rows - 1) * screen.cellHeight,
  };
  const askedWidth = pixels(image.askedWidth, screen.cellWidth, room.width);
  const askedHeight = pixels(image.askedHeight, screen.cellHeight, room.height);
  let width = askedWidth ?? image.width;
  let height = askedHeight ?? image.height;
  const ratio = image.width / image.height;
  if (askedWidth !== null && (askedHeight === null || image.keepsRatio)) height = width / ratio;
  else if (askedHeight !== null && askedWidth === null) width = height * ratio;
  const shrink = Math.min(1, room.width / width, room.height / height);
  return { width: Math.max(1, Math.floor(width * shrink)), height: Math.max(1, Math.floor(height * shrink)) };
}

function pixels(asked: string, cell: number, room: number): number | null {
  const value = Number.parseInt(asked, 10);
  if (!Number.isFinite(value) || value === 0) return null;
  if (asked.endsWith('px')) return value;
  return asked.endsWith('%') ? (value * room) / 100 : value * cell;
}
