/** Computes contrast (WCAG 2.2, 1.4.3 and 1.4.11) from tokens.css itself: text 4.5:1, marks 3:1, in both themes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../../src-renderer/theme/tokens.css', import.meta.url), 'utf8');

function tokensOf(theme: 'dark' | 'light'): ReadonlyMap<string, string> {
  const block = new RegExp(`:root\\[data-theme='${theme}'\\] \\{([^}]*)\\}`).exec(css)?.[1];
  if (block === undefined) throw new Error(`tokens.css has no ${theme} theme`);
  return new Map(
    [...block.matchAll(/(--[a-z-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]),
  );
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((from) => {
    const part = Number.parseInt(colour.slice(from, from + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

const surfaces = ['--surface-app', '--surface-panel', '--surface-raised', '--surface-hover'];
const signals = ['--running', '--busy', '--attention', '--failed', '--stopped'];
const textPairs: [string, string][] = [
  ...[...surfaces, '--surface-field', '--accent-soft', '--selection'].map((on): [string, string] => [
    '--text',
    on,
  ]),
  ...[...surfaces, '--surface-field', '--failed-soft', '--attention-soft'].map((on): [string, string] => [
    '--text-muted',
    on,
  ]),
  ...surfaces.flatMap((on) => [...signals, '--accent'].map((text): [string, string] => [text, on])),
  ...signals.flatMap((text): [string, string][] => [
    [text, `${text}-soft`],
    ['--text', `${text}-soft`],
  ]),
  ['--on-accent', '--accent'],
  ['--on-accent', '--accent-hover'],
  ['--on-failed', '--failed-fill'],
];
const markPairs: [string, string][] = [
  ...surfaces.map((on): [string, string] => ['--text-faint', on]),
  ...['--surface-panel', '--surface-raised', '--surface-field', '--surface-app'].map(
    (on): [string, string] => ['--line-control', on],
  ),
  ['--accent', '--accent-soft'],
];

describe.each(['dark', 'light'] as const)('contrast of the %s theme', (theme) => {
  const tokens = tokensOf(theme);
  const ratio = ([front, back]: [string, string]) => {
    const [a, b] = [tokens.get(front), tokens.get(back)];
    if (a === undefined || b === undefined) throw new Error(`${front} or ${back} is not a plain colour`);
    return contrast(a, b);
  };
  it.each(textPairs)('%s can be read on %s', (front, back) => {
    expect(ratio([front, back])).toBeGreaterThanOrEqual(4.5);
  });
  it.each(markPairs)('%s can be seen on %s', (front, back) => {
    expect(ratio([front, back])).toBeGreaterThanOrEqual(3);
  });
});

it('knows the extremes', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#777777', '#777777')).toBe(1);
});

it('has the same tokens in both themes', () => {
  expect([...tokensOf('light').keys()].sort()).toEqual([...tokensOf('dark').keys()].sort());
});
