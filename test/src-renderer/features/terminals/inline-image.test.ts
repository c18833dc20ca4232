import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnSize, imageSize, parseInlineImage } from '#renderer/features/terminals/inline-image.ts';

/** The beginning of a PNG of that size; nothing here decodes more. */
function png(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(33);
  bytes.writeUInt32BE(0x89504e47, 0);
  bytes.writeUInt32BE(0x0d0a1a0a, 4);
  bytes.writeUInt32BE(13, 8);
  bytes.write('IHDR', 12);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}
const file = (header: string, bytes: Buffer) => `File=${header}:${bytes.toString('base64')}`;

describe('parseInlineImage', () => {
  it('reads the picture and how it wants to be drawn', () => {
    const image = parseInlineImage(
      file('name=YQ==;inline=1;width=50%;height=12px;preserveAspectRatio=0', png(30, 20)),
    );
    expect(image).toMatchObject({
      mime: 'image/png',
      width: 30,
      height: 20,
      askedWidth: '50%',
      askedHeight: '12px',
      keepsRatio: false,
    });
  });

  it('refuses downloads, other formats, broken base64 and pictures that unfold too large', () => {
    expect(parseInlineImage(file('name=YQ==', png(30, 20)))).toBeNull();
    expect(parseInlineImage(file('inline=0', png(30, 20)))).toBeNull();
    expect(parseInlineImage(file('inline=1', Buffer.from('<svg onload=x>')))).toBeNull();
    expect(parseInlineImage('File=inline=1:???')).toBeNull();
    expect(parseInlineImage(file('inline=1', png(60_000, 60_000)))).toBeNull();
    expect(parseInlineImage(file('inline=1', png(0, 5)))).toBeNull();
    expect(parseInlineImage('SetMark')).toBeNull();
  });

  it('stands every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 60 }), (text, bytes) => {
        parseInlineImage(text);
        parseInlineImage(file('inline=1', Buffer.from(bytes)));
        imageSize(Uint8Array.from([0xff, 0xd8, ...bytes]));
        imageSize(bytes);
      }),
    );
  });
});

describe('imageSize', () => {
  it('reads GIF and JPEG', () => {
    expect(imageSize(Buffer.from('474946383961 0a00 1400'.replaceAll(' ', ''), 'hex'))).toEqual({
      mime: 'image/gif',
      width: 10,
      height: 20,
    });
    const jpeg = 'ffd8 ffe0 0004 0000 ffc0 0011 08 0014 000a 03 000000000000';
    expect(imageSize(Buffer.from(jpeg.replaceAll(' ', ''), 'hex'))).toEqual({
      mime: 'image/jpeg',
      width: 10,
      height: 20,
    });
  });
});

describe('drawnSize', () => {
  const screen = { cols: 80, rows: 24, cellWidth: 10, cellHeight: 20 };
  const sized = (askedWidth: string, askedHeight: string, keepsRatio = true) =>
    drawnSize(
      {
        mime: 'image/png',
        bytes: new Uint8Array(),
        width: 100,
        height: 50,
        askedWidth,
        askedHeight,
        keepsRatio,
      },
      screen,
    );
  it('keeps the ratio, knows cells, pixels and parts, and never leaves the screen', () => {
    expect(sized('auto', 'auto')).toEqual({ width: 100, height: 50 });
    expect(sized('20', 'auto')).toEqual({ width: 200, height: 100 });
    expect(sized('auto', '100px')).toEqual({ width: 200, height: 100 });
    expect(sized('50%', 'auto')).toEqual({ width: 400, height: 200 });
    expect(sized('20', '20px', false)).toEqual({ width: 200, height: 20 });
    expect(sized('99999', 'auto')).toEqual({ width: 800, height: 400 });
  });
});
