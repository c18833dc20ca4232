import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { cleanPaste, needsPasteWarning } from '#renderer/features/terminals/paste.ts';

describe('cleanPaste', () => {
  it('takes an embedded end of bracketed paste out whole', () => {
    expect(cleanPaste('x\u001b[201~id\n').text).toBe('xid\r');
    expect(cleanPaste('x\u009b201~id').text).toBe('xid');
  });
  it('leaves no control character but TAB and CR, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (clipboard) => {
        expect(cleanPaste(clipboard).text).not.toMatch(
          /[\u0000-\u0008\u000a-\u000c\u000e-\u001f\u007f-\u009f]/,
        );
      }),
    );
  });
  it('keeps tabs, letters of every script and emoji', () => {
    expect(cleanPaste('a\tb é 日本 👩‍💻').text).toBe('a\tb é 日本 👩‍💻');
  });
  it('counts lines', () => {
    expect(cleanPaste('one').lineCount).toBe(1);
    expect(cleanPaste('one\r\ntwo\n').lineCount).toBe(2);
    expect(cleanPaste('').lineCount).toBe(0);
  });
});

describe('needsPasteWarning', () => {
  it('warns where a line would run by itself', () => {
    expect(needsPasteWarning(cleanPaste('ls\n'), false)).toBe(true);
    expect(needsPasteWarning(cleanPaste('a\nb'), false)).toBe(true);
    expect(needsPasteWarning(cleanPaste('ls'), false)).toBe(false);
    expect(needsPasteWarning(cleanPaste('a\nb\n'), true)).toBe(false);
  });
});
