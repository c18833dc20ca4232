/**
 * Text on its way into tmux's command language (tmux(1), PARSING SYNTAX). Guarantees: one word stays one word, whatever is
 * in it; nothing of it is expanded.
 */

/** A word in double quotes; what has a meaning there, and every control character, as `\ooo`. */
export function word(text: string): string {
  const escaped = Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/[^A-Za-z0-9_/.,:=@%+ -]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return `"${escaped}"`;
}

export function command(...words: readonly string[]): string {
  const [name = '', ...rest] = words;
  return [name, ...rest.map(word)].join(' ');
}

/** Several commands that tmux runs one after the other, with nothing between them. */
export function commandList(commands: readonly string[]): string {
  return commands.join(' ; ');
}
