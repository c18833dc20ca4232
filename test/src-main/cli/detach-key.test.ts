import { describe, expect, it, vi } from 'vitest';
import { createDetachFilter, parseDetachKey } from '#main/cli/detach-key.ts';
import { TypedWrong } from '#main/cli/failure.ts';

describe('the key that leaves a shell', () => {
  it.each([
    ['^]', 29, 'Ctrl+]'],
    ['^p', 16, 'Ctrl+P'],
    ['^\\', 28, 'Ctrl+\\'],
    ['^_', 31, 'Ctrl+_'],
  ])('may be %s', (text, byte, name) => {
    expect(parseDetachKey(text)).toEqual({ byte, name });
  });
  it.each(['', ']', '^', '^^]', '^m', '^j', '^@', '^1', 'ctrl-]'])('is not %j', (text) => {
    expect(() => parseDetachKey(text)).toThrow(TypedWrong);
  });
  it('passes what was typed before it, and nothing after', () => {
    const onKey = vi.fn();
    const filter = createDetachFilter(parseDetachKey('^]'), onKey);
    expect([...filter.pass(Uint8Array.of(1, 2))]).toEqual([1, 2]);
    expect(onKey).not.toHaveBeenCalled();
    expect([...filter.pass(Uint8Array.of(3, 29, 4))]).toEqual([3]);
    expect(onKey).toHaveBeenCalledTimes(1);
    expect([...createDetachFilter(parseDetachKey('none'), onKey).pass(Uint8Array.of(29))]).toEqual([29]);
  });
});
