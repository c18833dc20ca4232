/**
 * What may reach a terminal. Names, notes and paths come from people and from other machines: a control character in one
 * would move the cursor, retitle the window or worse, and one that turns the reading direction would show another name.
 */

/** C0 and C1 controls, line and paragraph separators, and what changes the direction of reading. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;

/** One line, with what is unsafe spelt out as `\x1b` or `\u202e`. */
export function plain(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/** Lines stay lines, and tabs tabs. */
export function plainLines(text: string): string {
  return text.replace(unsafe, (character) =>
    character === '\n' || character === '\t' ? character : plain(character),
  );
}

/** One JSON value on one line. JSON itself escapes only some of the unsafe characters. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, (character) => `\\u${hex(character.charCodeAt(0), 4)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

const joining = /^(?:\p{Mn}|\p{Me}|\p{Cf})$/u;
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])$/u;

function cellsOf(character: string): number {
  if (joining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** Cells that it takes on a terminal, near enough for columns. */
export function displayWidth(text: string): number {
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

/** Cut to `cells`, with an ellipsis in the last when something was cut. */
export function clip(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  let clipped = '';
  let used = 0;
  for (const character of text) {
    used += cellsOf(character);
    if (used > cells - 1) break;
    clipped += character;
  }
  return `${clipped}…`;
}
