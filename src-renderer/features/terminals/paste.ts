/**
 * What a paste becomes before it reaches a program. xterm.js wraps pasted text in bracketed-paste marks without taking
 * an embedded end mark out, so that a clipboard could end the paste and type on. Every control character but TAB and
 * line ends is removed; line ends become CR, as the Return key sends.
 */

const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
// An escape sequence goes as a whole, so that its letters do not stay behind as text.
const sequences = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]/g;

export interface PasteText {
  readonly text: string;
  /** Line breaks inside, not counting one at the very end. */
  readonly lineCount: number;
  readonly endsWithNewline: boolean;
  readonly removedControls: number;
}

export function cleanPaste(clipboard: string): PasteText {
  const unified = clipboard.replace(/\r\n?/g, '\n');
  const cleaned = unified.replace(sequences, '').replace(controls, '');
  const endsWithNewline = cleaned.endsWith('\n');
  const body = endsWithNewline ? cleaned.slice(0, -1) : cleaned;
  return {
    text: cleaned.replace(/\n/g, '\r'),
    lineCount: body === '' ? (endsWithNewline ? 1 : 0) : body.split('\n').length,
    endsWithNewline,
    removedControls: unified.length - cleaned.length,
  };
}

/**
 * A person is asked first when what they paste would run by itself: several lines, or a line with its end, into a
 * program that did not ask for bracketed paste; and several lines of more than a screenful in any case never silently.
 */
export function needsPasteWarning(paste: PasteText, isBracketed: boolean): boolean {
  if (isBracketed) return false;
  return paste.lineCount > 1 || paste.endsWithNewline;
}
