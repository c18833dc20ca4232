/**
 * Shortcuts as text: `Mod+Shift+K`, `Ctrl+Tab`, `F1`. `Mod` is ⌘ on macOS and Ctrl elsewhere. Pure: parse, print, match.
 *
 * In a terminal on Linux and Windows plain Ctrl keys belong to the terminal, so there the app takes `Mod+X` as
 * Ctrl+Shift+X, and `Mod+Shift+X` as Ctrl+Alt+Shift+X. Function keys and plain Alt keys stay with the terminal.
 */
import type { Chord } from '#contract/key-chord.ts';

export type Platform = 'darwin' | 'linux' | 'win32';

const keyNames: Readonly<Record<string, string>> = {
  comma: ',',
  period: '.',
  slash: '/',
  backslash: '\\',
  backquote: '`',
  minus: '-',
  equal: '=',
  plus: '=',
  space: 'Space',
  left: 'ArrowLeft',
  right: 'ArrowRight',
  up: 'ArrowUp',
  down: 'ArrowDown',
  esc: 'Escape',
  escape: 'Escape',
  return: 'Enter',
};

/** Reads a shortcut. Undefined: it is not one, or it has a key that would take away typing. */
export function parseShortcut(text: string, platform: Platform): Chord | undefined {
  const parts = text.split('+').map((part) => part.trim());
  const last = parts.pop();
  if (!last) return undefined;
  let isCtrl = false;
  let isMeta = false;
  let isAlt = false;
  let isShift = false;
  for (const part of parts) {
    switch (part.toLowerCase()) {
      case 'mod':
        if (platform === 'darwin') isMeta = true;
        else isCtrl = true;
        break;
      case 'ctrl':
        isCtrl = true;
        break;
      case 'meta':
      case 'cmd':
        isMeta = true;
        break;
      case 'alt':
        isAlt = true;
        break;
      case 'shift':
        isShift = true;
        break;
      default:
        return undefined;
    }
  }
  const key = last.length === 1 ? last.toUpperCase() : (keyNames[last.toLowerCase()] ?? last);
  const isFunctionKey = /^F([1-9]|1[0-9]|2[0-4])$/.test(key);
  if (!isCtrl && !isMeta && !isAlt && !isFunctionKey) return undefined;
  return { isCtrl, isMeta, isAlt, isShift, key };
}

/** The chord under which the app takes a shortcut while a terminal has the keyboard. Undefined: it stays with the terminal. */
export function chordInTerminal(chord: Chord, platform: Platform): Chord | undefined {
  if (chord.isMeta) return chord;
  if (chord.isCtrl && chord.key === 'Tab') return chord;
  if (platform === 'darwin') return undefined;
  if (!chord.isCtrl) return undefined;
  if (chord.isAlt) return chord.isShift ? chord : undefined;
  return chord.isShift ? { ...chord, isAlt: true } : { ...chord, isShift: true };
}

const macSigns: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Enter: '↩',
  Escape: '⎋',
  Tab: '⇥',
  Backspace: '⌫',
};
const plainSigns: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
};

/** The keys as a person knows them, one entry each: `['⌘', '⇧', 'K']` or `['Ctrl', 'Shift', 'K']`. */
export function chordKeys(chord: Chord, platform: Platform): string[] {
  if (platform === 'darwin')
    return [
      chord.isCtrl && '⌃',
      chord.isAlt && '⌥',
      chord.isShift && '⇧',
      chord.isMeta && '⌘',
      macSigns[chord.key] ?? chord.key,
    ].filter((key) => key !== false);
  return [
    chord.isCtrl && 'Ctrl',
    chord.isMeta && 'Meta',
    chord.isAlt && 'Alt',
    chord.isShift && 'Shift',
    plainSigns[chord.key] ?? chord.key,
  ].filter((key) => key !== false);
}

/** As `chordKeys`, for screen readers and `aria-keyshortcuts`. */
export function ariaShortcut(chord: Chord): string {
  return [
    chord.isCtrl && 'Control',
    chord.isMeta && 'Meta',
    chord.isAlt && 'Alt',
    chord.isShift && 'Shift',
    chord.key,
  ]
    .filter(Boolean)
    .join('+');
}

/** As Electron's menu writes it. */
export function electronAccelerator(chord: Chord): string {
  const key =
    { ArrowLeft: 'Left', ArrowRight: 'Right', ArrowUp: 'Up', ArrowDown: 'Down' }[chord.key] ?? chord.key;
  return [
    chord.isCtrl && 'Control',
    chord.isMeta && 'Command',
    chord.isAlt && 'Alt',
    chord.isShift && 'Shift',
    key,
  ]
    .filter(Boolean)
    .join('+');
}
