/**
 * A title that a program set is text from a stranger: it may hold control characters, direction overrides that make it
 * read as something else, or a megabyte. What comes out is one short line.
 */
const maxCharacters = 256;

/** C0, C1, line and paragraph separators, direction overrides and isolates, invisible and private-use characters. */
const unwanted =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

export function cleanTitle(payload: Uint8Array): string {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
  const line = text.replace(unwanted, ' ').replace(/\s+/g, ' ').trim();
  return line.length <= maxCharacters ? line : wholeCharacters(line.slice(0, maxCharacters - 1));
}

/** Without the first half of a surrogate pair at its end. */
function wholeCharacters(text: string): string {
  return `${/[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text}…`;
}
