/** Text on its way into tmux's parser, read back by what tmux(1) says of it. The parser itself: tmux-words.integration.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { command, commandList, word } from '#main/adapters/tmux/tmux-words.ts';

/** Double quotes and `\ooo`, and nothing else that means anything between them. */
function readBack(text: string): string {
  const inner = /^"([^"$\\#;~{}'`\p{Cc}]|\\[0-3][0-7]{2})*"$/u.exec(text)?.[0].slice(1, -1);
  if (inner === undefined) throw new Error(`not one plain word: ${text}`);
  const bytes = inner.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

describe('word', () => {
  it('keeps any text as one word, of plain ASCII without a line end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const written = word(text);
        expect(written).toMatch(/^[ -~]*$/);
        expect(readBack(written)).toBe(text);
      }),
    );
  });

  it.each([
    '',
    '"',
    '\\',
    '$HOME',
    '#{pane_id}',
    '#(reboot)',
    ';',
    '~',
    "'",
    'a\nb',
    '{',
    '%if',
    'ünï 漢 🚢',
  ])('keeps %j', (text) => expect(readBack(word(text))).toBe(text));
});

describe('command', () => {
  it('quotes every word but its name, and sets commands side by side', () => {
    expect(commandList([command('kill-session', '-t', '=a;b'), command('list-panes')])).toBe(
      'kill-session "-t" "=a\\073b" ; list-panes',
    );
  });
});
