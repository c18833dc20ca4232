import { describe, expect, it } from 'vitest';
import { keysymOf } from '#renderer/features/screens/keysyms.ts';

describe('keysymOf', () => {
  it.each([
    ['a', 0x61],
    ['é', 0xe9],
    ['€', 0x010020ac],
    ['ж', 0x01000436],
    ['🚢', 0x0101f6a2],
    ['\n', 0xff0d],
    ['\t', 0xff09],
    ['\u007f', 0x0100007f],
  ])('%j', (character, keysym) => expect(keysymOf(character)).toBe(keysym));
});
