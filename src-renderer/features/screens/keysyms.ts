/** Names of keys as VNC sends them: X11 keysyms (RFC 6143, 7.5.4; X11/keysymdef.h). Pure. */

export interface ScreenKey {
  readonly label: string;
  readonly keysym: number;
  /** Where it is on a keyboard (KeyboardEvent.code). */
  readonly code: string;
}

export const heldKeys: readonly ScreenKey[] = [
  { label: 'Ctrl', keysym: 0xffe3, code: 'ControlLeft' },
  { label: 'Alt', keysym: 0xffe9, code: 'AltLeft' },
  { label: 'Shift', keysym: 0xffe1, code: 'ShiftLeft' },
  { label: 'Super', keysym: 0xffeb, code: 'MetaLeft' },
];

export const tappedKeys: readonly ScreenKey[] = [
  { label: 'Esc', keysym: 0xff1b, code: 'Escape' },
  { label: 'Tab', keysym: 0xff09, code: 'Tab' },
];

export const backspace: ScreenKey = { label: 'Backspace', keysym: 0xff08, code: 'Backspace' };
export const enter: ScreenKey = { label: 'Enter', keysym: 0xff0d, code: 'Enter' };
const tabKeysym = 0xff09;

/** The key that types a character. Latin-1 has its own numbers, the rest of Unicode begins at 0x01000000. */
export function keysymOf(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point === 0x0a || point === 0x0d) return enter.keysym;
  if (point === 0x09) return tabKeysym;
  const isLatin1 = (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff);
  return isLatin1 ? point : 0x01000000 + point;
}
