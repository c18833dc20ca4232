import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSixel, maximumPixels } from '#renderer/features/terminals/sixel.ts';

const pixel = (picture: ReturnType<typeof decodeSixel>, x: number, y: number) =>
  picture === null
    ? null
    : [...picture.rgba.slice((y * picture.width + x) * 4, (y * picture.width + x) * 4 + 4)];

describe('decodeSixel', () => {
  it('paints columns of six in the colour that was chosen', () => {
    const picture = decodeSixel('#1;2;100;0;0#1~~$#2;2;0;0;100#2@-#1!3?A');
    expect([picture?.width, picture?.height]).toEqual([4, 8]);
    expect(pixel(picture, 0, 0)).toEqual([0, 0, 255, 255]);
    expect(pixel(picture, 1, 0)).toEqual([255, 0, 0, 255]);
    expect(pixel(picture, 0, 5)).toEqual([255, 0, 0, 255]);
    expect(pixel(picture, 3, 7)).toEqual([255, 0, 0, 255]);
    expect(pixel(picture, 3, 0)).toEqual([0, 0, 0, 0]);
  });

  it('knows the declared size, repeats and hues', () => {
    const picture = decodeSixel('"1;1;30;12#5;1;120;50;100#5!20~');
    expect([picture?.width, picture?.height]).toEqual([30, 12]);
    expect(pixel(picture, 19, 5)).toEqual([255, 0, 0, 255]);
    expect(pixel(picture, 20, 0)).toEqual([0, 0, 0, 0]);
  });

  it('gives nothing for nothing, and nothing for what is too large', () => {
    for (const data of [
      '',
      '#1',
      '!9999999999999~',
      '"1;1;99999;99999~',
      `!8000~${'-'.repeat(1_000)}!8000~`,
      '-'.repeat(5_000).concat('~'),
    ])
      expect([data.slice(0, 20), decodeSixel(data)]).toEqual([data.slice(0, 20), null]);
  });

  it('ends hostile pictures early', () => {
    const startedAt = performance.now();
    const picture = decodeSixel(`"1;1;2000;1900${'!2000~$'.repeat(200_000)}`);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(picture === null || picture.width * picture.height <= maximumPixels).toBe(true);
  });

  it('stands every text', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('#', '!', '"', '$', '-', ';', '0', '1', '9', '~', '?', 'x', '\n'),
          maxLength: 200,
        }),
        (data) => {
          const picture = decodeSixel(data);
          if (picture) expect(picture.rgba.length).toBe(picture.width * picture.height * 4);
        },
      ),
    );
  });
});
