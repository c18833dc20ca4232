import { describe, expect, it } from 'vitest';
import { modeOfOctal, modeText, modeWords, octalText } from '#renderer/components/file-mode.ts';

describe('permissions', () => {
  it.each([
    [0o755, 'rwxr-xr-x', '0755'],
    [0o600, 'rw-------', '0600'],
    [0o4755, 'rwsr-xr-x', '4755'],
    [0o6644, 'rwSr-Sr--', '6644'],
    [0o1777, 'rwxrwxrwt', '1777'],
    [0o1776, 'rwxrwxrwT', '1776'],
    [0, '---------', '0000'],
  ])('%o', (mode, text, octal) => expect([modeText(mode), octalText(mode)]).toEqual([text, octal]));
});

describe('octal digits', () => {
  it.each([
    ['644', 0o644],
    ['0755', 0o755],
    ['4755', 0o4755],
    ['7777', 0o7777],
    ['75', null],
    ['888', null],
    ['10000', null],
    ['', null],
  ] as const)('%s', (text, mode) => expect(modeOfOctal(text)).toBe(mode));
});

it('says who may do what', () => {
  expect(modeWords(0o640)).toBe('owner: read, write; group: read; others: nothing');
  expect(modeWords(0o755)).toBe('owner: read, write, run; group: read, run; others: read, run');
});
