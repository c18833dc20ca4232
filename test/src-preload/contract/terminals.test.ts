import { describe, expect, it } from 'vitest';
import { terminalMethods } from '#contract/terminals.ts';

const { input } = terminalMethods['terminals.open'];
const wish = {
  target: { kind: 'host', hostId: 'host_00000000000000000000' },
  size: { cols: 80, rows: 24 },
  name: null,
};
const typedOf = (typed: unknown) => input.safeParse({ ...wish, typed });

describe('what is typed into a new terminal', () => {
  it('is one line, or nothing at all', () => {
    expect(input.safeParse(wish).success).toBe(true);
    expect(typedOf(' sudo apt-get install -y tmux ').data).toMatchObject({
      typed: 'sudo apt-get install -y tmux',
    });
    expect(typedOf('x'.repeat(2000)).success).toBe(true);
  });

  it.each([
    ['Return', 'ls\rpwd'],
    ['a line feed', 'ls\npwd'],
    ['a tab, which completes', 'ls \t/'],
    ['an escape', 'ls \u001b[A'],
    ['Ctrl+C', 'ls\u0003'],
    ['Ctrl+O, which runs in bash', 'ls \u000f'],
    ['an eight-bit control', 'ls \u0085'],
    ['a line separator', 'ls\u2028pwd'],
    ['what turns the direction of text', 'ls \u202egmp.x'],
    ['nothing', ''],
    ['more than fits', 'x'.repeat(2001)],
    ['what is no text', 7],
  ])('holds no %s', (_what, typed) => {
    expect(typedOf(typed).success).toBe(false);
  });

  it('loses a Return at its end', () => {
    expect(typedOf('ls\r\n').data).toMatchObject({ typed: 'ls' });
  });
});
