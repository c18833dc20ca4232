/** What is handed over begins where nothing is open, whatever the output was and however it was cut into pieces. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingOutput } from '#main/adapters/screen/pending-output.ts';
import { cleanTitle } from '#main/control-plane/terminals/program-title.ts';

const bytesOf = (text: string) => Buffer.from(text, 'utf8');

function pendingOf(capacity?: number) {
  const titles: string[] = [];
  const pending = new PendingOutput((payload) => titles.push(cleanTitle(payload)), capacity);
  const take = () => Buffer.concat(pending.take().map(({ bytes }) => bytes)).toString();
  return { pending, titles, take };
}
const bridge = '\x18\x1b[m';

describe('PendingOutput', () => {
  it('gives back exactly what came while it fits, once', () => {
    const { pending, take } = pendingOf();
    const text = `${'a'.repeat(20_000)}\x1b[31mrot\x1b[0m ä€😀\r\n`;
    for (const byte of bytesOf(text)) pending.append(Uint8Array.of(byte));
    expect(Buffer.from(pending.peek()).toString()).toBe(text);
    expect(take()).toBe(text);
    expect(pending.isEmpty).toBe(true);
    expect(take()).toBe('');
  });

  it('keeps its bound under a flood', () => {
    const { pending, take } = pendingOf(65_536);
    for (let index = 0; index < 100; index++) pending.append(bytesOf('y\n'.repeat(16_000)));
    expect(pending.heldBytes).toBeLessThanOrEqual(65_536);
    const held = take();
    expect(held.length).toBeLessThanOrEqual(65_536);
    expect(held.length).toBeGreaterThan(40_000);
  });

  it('begins after a sequence that the cut would have split', () => {
    const { pending, take } = pendingOf(32_768);
    // A control sequence across each of the block borders at 16,384 bytes.
    const unit = `${'x'.repeat(16_384 - 4)}\x1b[38;5;196m`;
    pending.append(bytesOf('x'.repeat(2_048)));
    pending.append(bytesOf(unit.repeat(8)));
    const held = take();
    expect(held.slice(0, bridge.length)).toBe(bridge);
    expect(held.slice(bridge.length)).toMatch(/^x/);
  });

  it('never begins inside a character', () => {
    const { pending, take } = pendingOf(32_768);
    pending.append(bytesOf(`a${'€'.repeat(60_000)}`));
    expect(take()).not.toContain('�');
  });

  it('bridges what it dropped: modes that were set there are set, those that were ended are ended', () => {
    const { pending, take } = pendingOf(32_768);
    pending.append(bytesOf('\x1b[?1049h\x1b[?25l\x1b[?2004h'));
    pending.append(bytesOf('z'.repeat(100_000)));
    const first = take();
    for (const mode of ['\x1b[?1049h', '\x1b[?25l', '\x1b[?2004h']) expect(first).toContain(mode);
    pending.append(bytesOf('\x1b[?1049l'));
    pending.append(bytesOf('z'.repeat(100_000)));
    expect(take().slice(0, 20)).toBe(`${bridge}\x1b[?1049lzzzzzzzz`);
    pending.append(bytesOf('z'.repeat(100_000)));
    expect(take().slice(0, 5)).toBe(`${bridge}z`);
  });

  it('says where the size changed, also when what came before was dropped', () => {
    const { pending } = pendingOf(32_768);
    pending.resize({ cols: 10, rows: 5 });
    pending.append(bytesOf('a'));
    pending.resize({ cols: 20, rows: 5 });
    pending.resize({ cols: 30, rows: 5 });
    pending.append(bytesOf('b'));
    pending.resize({ cols: 40, rows: 5 });
    const pieces = pending.take().map(({ size, bytes }) => [size?.cols, Buffer.from(bytes).toString()]);
    expect(pieces).toEqual([
      [10, 'a'],
      [30, 'b'],
      [40, ''],
    ]);
    pending.resize({ cols: 50, rows: 5 });
    pending.append(bytesOf('z'.repeat(100_000)));
    expect(pending.take()[0]?.size?.cols).toBe(50);
  });

  it('knows what is open at its end', () => {
    const { pending } = pendingOf();
    const openAfter = (text: string | Uint8Array) => {
      pending.append(typeof text === 'string' ? bytesOf(text) : text);
      return Buffer.from(pending.open).toString('latin1');
    };
    expect(openAfter('text')).toBe('');
    expect(openAfter('a\x1b')).toBe('\x1b');
    expect(openAfter('[3')).toBe('\x1b[3');
    expect(openAfter('1m')).toBe('');
    expect(openAfter('b\x1b]0;ti')).toBe('\x1b]0;ti');
    expect(openAfter('\x1b')).toBe('\x1b]0;ti\x1b');
    expect(openAfter('\\')).toBe('');
    const smiley = bytesOf('😀');
    for (let length = 1; length <= 3; length++)
      expect(openAfter(smiley.subarray(length - 1, length))).toBe(
        smiley.subarray(0, length).toString('latin1'),
      );
    expect(openAfter(smiley.subarray(3))).toBe('');
    expect(openAfter(`\x1bPq${'#'.repeat(10_000)}`)).toBe('\x1bX');
    expect(openAfter('\x1b\\')).toBe('');
    expect(openAfter(`\x1b]1337;${'A'.repeat(10_000)}`)).toBe('\x1b]9999;');
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
          const whole = pendingOf(32_768);
          const cut = pendingOf(32_768);
          whole.pending.append(bytes);
          for (let at = 0; at < bytes.length; at += size) cut.pending.append(bytes.subarray(at, at + size));
          expect(Buffer.from(cut.pending.open)).toEqual(Buffer.from(whole.pending.open));
          expect(cut.take()).toEqual(whole.take());
          expect(cut.titles).toEqual(whole.titles);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reads titles however they arrive, and ignores endless ones', () => {
    const { pending, titles } = pendingOf();
    for (const byte of bytesOf('\x1b]0;vim: ä\x07\x1b]2;top\x1b\\\x1b]1;icon\x07\x1b]20;no\x07'))
      pending.append(Uint8Array.of(byte));
    pending.append(bytesOf(`\x1b]0;${'x'.repeat(10_000)}\x07`));
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
