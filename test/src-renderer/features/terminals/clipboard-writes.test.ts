import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  askPauseMs,
  ClipboardGate,
  clipboardPreview,
  maximumClipboardBytes,
  parseClipboardWrite,
} from '#renderer/features/terminals/clipboard-writes.ts';

const encode = (text: string) => Buffer.from(text).toString('base64');

describe('parseClipboardWrite', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.constantFrom('', 'c', 'p', 'cs0'),
        (text, to) => {
          expect(parseClipboardWrite(`${to};${encode(text)}`)).toBe(text);
        },
      ),
    );
    expect(parseClipboardWrite('c;YWI')).toBe('ab');
  });

  it('answers no question and takes nothing that is not base64 of text', () => {
    for (const data of ['c;?', '?', 'c', 'c;', 'x;YQ==', 'c;Y', 'c;YQ=', 'c;Y Q=', 'c;YQ==YQ==', 'c;/w=='])
      expect([data, parseClipboardWrite(data)]).toEqual([data, null]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (data) => {
        const text = parseClipboardWrite(data);
        expect(text === null || typeof text === 'string').toBe(true);
      }),
    );
  });

  it('takes one MiB and not a byte more', () => {
    expect(parseClipboardWrite(`c;${encode('a'.repeat(maximumClipboardBytes))}`)).toHaveLength(
      maximumClipboardBytes,
    );
    expect(parseClipboardWrite(`c;${encode('a'.repeat(maximumClipboardBytes + 1))}`)).toBeNull();
  });
});

describe('clipboardPreview', () => {
  it('shows line ends and tabs, and no other control character', () => {
    expect(clipboardPreview('a\tb\r\nc\u001b[31m\u202ed')).toBe('a\tb\nc\ufffd[31m\ufffdd');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(clipboardPreview(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
  it('ends a long text', () => {
    expect(clipboardPreview('a'.repeat(10_000)).length).toBeLessThan(2_010);
  });
});

describe('ClipboardGate', () => {
  function openGate(policy: 'never' | 'ask' | 'always') {
    const written: string[] = [];
    const asked: { text: string; answer: (isAgreed: boolean) => void }[] = [];
    const clock = { nowMs: 0 };
    const gate = new ClipboardGate({
      policy: () => policy,
      ask: (text) => new Promise((answer) => asked.push({ text, answer })),
      write: (text) => written.push(text),
      nowMs: () => clock.nowMs,
    });
    return { gate, written, asked, clock };
  }

  it('drops everything under never, writes everything under always', async () => {
    const never = openGate('never');
    await never.gate.take('a', 'bash');
    expect([never.written, never.asked]).toEqual([[], []]);
    const always = openGate('always');
    await always.gate.take('a', 'bash');
    await always.gate.take('b', 'bash');
    expect([always.written, always.asked]).toEqual([['a', 'b'], []]);
  });

  it('asks once for a flood, writes what was shown, and asks again only after a pause', async () => {
    const { gate, written, asked, clock } = openGate('ask');
    const first = gate.take('shown', 'bash');
    for (let index = 0; index < 1_000; index += 1) void gate.take(`flood ${index}`, 'bash');
    expect(asked.map(({ text }) => text)).toEqual(['shown']);
    asked[0]?.answer(true);
    await first;
    expect(written).toEqual(['shown']);
    clock.nowMs += askPauseMs - 1;
    await gate.take('too soon', 'bash');
    expect(asked).toHaveLength(1);
    clock.nowMs += 1;
    const later = gate.take('later', 'bash');
    expect(asked).toHaveLength(2);
    asked[1]?.answer(false);
    await later;
    expect(written).toEqual(['shown']);
  });
});
