import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forCursorMode, PersonInput } from '#renderer/features/terminals/person-input.ts';

describe('PersonInput', () => {
  it('takes keys that were announced, and text of an input method', () => {
    const input = new PersonInput();
    input.announce('\u001b[A');
    expect(input.isTyped('\u001b[A')).toBe(true);
    expect(input.isTyped('漢字')).toBe(true);
    input.announce('\u0003');
    expect(input.isTyped('\u0003')).toBe(true);
  });

  it('takes no report for a person', () => {
    const reports = fc.constantFrom(
      '\u001b[?62;4;9;22c',
      '\u001b[3;4R',
      '\u001b[I',
      '\u001b[O',
      '\u001b[<0;3;4M',
      '\u001b[M !!',
      '\u001b]11;rgb:0/0/0\u001b\\',
      '\u001bP1$r0m\u001b\\',
      '\u001b[8;24;80t',
      '\u009b0n',
    );
    fc.assert(
      fc.property(reports, fc.string(), (report, key) => {
        const input = new PersonInput();
        expect(input.isTyped(report)).toBe(false);
        if (key === report) return;
        // One key vouches for itself alone, and once.
        input.announce(key);
        expect(input.isTyped(report)).toBe(false);
        expect(input.isTyped(report)).toBe(false);
      }),
    );
  });

  it('lets a key whose data never came vouch for nothing later', async () => {
    const input = new PersonInput();
    input.announce('\u001b[1;2R');
    await Promise.resolve();
    expect(input.isTyped('\u001b[1;2R')).toBe(false);
  });

  it('leaves pastes to whoever pastes', () => {
    const input = new PersonInput();
    let seen = true;
    input.pasting(() => {
      seen = input.isTyped('\u001b[200~text\u001b[201~') || input.isTyped('text');
    });
    expect(seen).toBe(false);
    expect(input.isTyped('text')).toBe(true);
  });
});

describe('forCursorMode', () => {
  it('turns arrows into the form that the program asked for, and nothing else', () => {
    expect(forCursorMode('\u001b[A', true)).toBe('\u001bOA');
    expect(forCursorMode('\u001bOD', false)).toBe('\u001b[D');
    for (const data of ['a', '\u001b[1;5A', '\u001bOP', '\u001b[Z'])
      expect([forCursorMode(data, true), forCursorMode(data, false)]).toEqual([data, data]);
  });
});
