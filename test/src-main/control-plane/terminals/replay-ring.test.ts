/** A replay begins where nothing is open, whatever the output was and however it was cut into pieces. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayRing } from '#main/control-plane/terminals/replay-ring.ts';
import { withoutEffects } from '#main/control-plane/terminals/replay-filter.ts';
import { cleanTitle } from '#main/control-plane/terminals/program-title.ts';

const bytesOf = (text: string) => Buffer.from(text, 'utf8');

function ringOf(capacity?: number) {
  const titles: string[] = [];
  const ring = new ReplayRing((payload) => titles.push(cleanTitle(payload)), capacity);
  return { ring, titles };
}

describe('ReplayRing', () => {
  it('gives back exactly what came while it fits', () => {
    const { ring } = ringOf();
    const text = `${'a'.repeat(20_000)}\x1b[31mrot\x1b[0m ä€😀\r\n`;
    for (const byte of bytesOf(text)) ring.append(Uint8Array.of(byte));
    expect(Buffer.from(ring.snapshot()).toString()).toBe(text);
  });

  it('keeps its bound under a flood', () => {
    const { ring } = ringOf(65_536);
    for (let index = 0; index < 100; index++) ring.append(bytesOf('y\n'.repeat(16_000)));
    expect(ring.snapshot().length).toBeLessThanOrEqual(65_536);
    expect(ring.snapshot().length).toBeGreaterThan(40_000);
  });

  it('begins after a sequence that the cut would have split', () => {
    const { ring } = ringOf(32_768);
    // A control sequence across each of the block borders at 16,384 bytes.
    const unit = `${'x'.repeat(16_384 - 4)}\x1b[38;5;196m`;
    ring.append(bytesOf(unit.repeat(8)));
    expect(Buffer.from(ring.snapshot()).toString().slice(0, 3)).not.toMatch(/[0-9;m]/);
    expect(Buffer.from(ring.snapshot()).toString()).toMatch(/^x/);
  });

  it('never begins inside a character', () => {
    const { ring } = ringOf(32_768);
    ring.append(bytesOf(`a${'€'.repeat(60_000)}`));
    expect(Buffer.from(ring.snapshot()).toString()).not.toContain('�');
  });

  it('sets the modes again that were set before what is still held', () => {
    const { ring } = ringOf(32_768);
    ring.append(bytesOf('\x1b[?1049h\x1b[?25l\x1b[?2004h'));
    ring.append(bytesOf('z'.repeat(100_000)));
    const replay = Buffer.from(ring.snapshot()).toString();
    for (const mode of ['\x1b[?1049h', '\x1b[?25l', '\x1b[?2004h']) expect(replay).toContain(mode);
    ring.append(bytesOf('\x1b[?1049l'));
    ring.append(bytesOf('z'.repeat(100_000)));
    expect(Buffer.from(ring.snapshot()).toString()).not.toContain('1049');
  });

  it('finds the same safe beginning however the output is cut into pieces', () => {
    const part = fc.constantFrom(
      'plain text\r\n',
      '\x1b[1;31m',
      '\x1b]0;title\x07',
      '\x1b]2;other\x1b\\',
      '\x1bPq#0\x1b\\',
      '\x1b(B',
      'ü€😀',
      '\x1b[?1049h',
      '\x1b[?25l',
      '\x1bc',
      '\x1b[12',
      '\x1b]8;;http://a/\x1b\\link\x1b]8;;\x1b\\',
    );
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        (parts, size) => {
          const bytes = bytesOf(parts.join('').repeat(40));
          const whole = ringOf(32_768);
          const cut = ringOf(32_768);
          whole.ring.append(bytes);
          for (let at = 0; at < bytes.length; at += size) cut.ring.append(bytes.subarray(at, at + size));
          expect(Buffer.from(cut.ring.snapshot())).toEqual(Buffer.from(whole.ring.snapshot()));
          expect(cut.titles).toEqual(whole.titles);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reads titles however they arrive, and ignores endless ones', () => {
    const { ring, titles } = ringOf();
    for (const byte of bytesOf('\x1b]0;vim: ä\x07\x1b]2;top\x1b\\\x1b]1;icon\x07\x1b]20;no\x07'))
      ring.append(Uint8Array.of(byte));
    ring.append(bytesOf(`\x1b]0;${'x'.repeat(10_000)}\x07`));
    expect(titles).toEqual(['vim: ä', 'top']);
  });
});

describe('cleanTitle', () => {
  it('takes out controls, newlines and direction overrides, and is short', () => {
    expect(cleanTitle(bytesOf('a\u202egpj.exe\x1b[31m\nb\u0000'))).toBe('a gpj.exe [31m b');
    expect(cleanTitle(bytesOf('😀'.repeat(1000))).length).toBeLessThanOrEqual(256);
    expect(cleanTitle(bytesOf('😀'.repeat(1000)))).not.toMatch(/[\ud800-\udbff]…$/);
  });
});

describe('withoutEffects', () => {
  const filter = (text: string) => Buffer.from(withoutEffects(bytesOf(text))).toString();
  it.each([
    ['primary device attributes', '\x1b[c'],
    ['secondary device attributes', '\x1b[>0c'],
    ['cursor position', '\x1b[6n'],
    ['mode query', '\x1b[?2004$p'],
    ['version', '\x1b[>q'],
    ['window report', '\x1b[21t'],
    ['keyboard query', '\x1b[?u'],
    ['colour query', '\x1b]11;?\x07'],
    ['clipboard', '\x1b]52;c;aGk=\x1b\\'],
    ['notification', '\x1b]9;hello\x07'],
    ['setting query', '\x1bP$qm\x1b\\'],
    ['enquiry', '\x05'],
    ['bell', '\x07'],
  ])('takes out %s', (_name, sequence) => {
    expect(filter(`before${sequence}after`)).toBe('beforeafter');
  });
  it('keeps what paints: colours, cursor moves, titles, links, text', () => {
    const text =
      '\x1b[1;31mred\x1b[0m\x1b[2J\x1b[5;5H\x1b]0;t\x07\x1b]8;;http://a/\x1b\\a\x1b]8;;\x1b\\ ä€😀\r\n\x1b[?25l\x1b[4 q\x1b[s\x1b[u';
    expect(filter(text)).toBe(text);
  });
});
