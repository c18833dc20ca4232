/**
 * Chords: keys that are held together. The page matches its shortcuts by them, and the window frame those that it takes from
 * a web app in front; both must read a press alike.
 */
export interface Chord {
  readonly isCtrl: boolean;
  readonly isMeta: boolean;
  readonly isAlt: boolean;
  readonly isShift: boolean;
  /** Upper case letter or digit, a sign, or a name as `Tab`, `F1`, `ArrowLeft`. */
  readonly key: string;
}

/** What a page's KeyboardEvent says of a press. */
export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

export function chordId(chord: Chord): string {
  return [
    chord.isCtrl && 'Ctrl',
    chord.isMeta && 'Meta',
    chord.isAlt && 'Alt',
    chord.isShift && 'Shift',
    chord.key,
  ]
    .filter(Boolean)
    .join('+');
}

/** The chord in a keyboard event. Letters follow the layout when it has Latin ones, else the place of the key. */
export function chordOfEvent(event: KeyPress): Chord | undefined {
  if (['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'Dead', 'Process'].includes(event.key))
    return undefined;
  const byPlace: Readonly<Record<string, string>> = {
    Comma: ',',
    Period: '.',
    Slash: '/',
    Backslash: '\\',
    IntlBackslash: '\\',
    Backquote: '`',
    Minus: '-',
    Equal: '=',
    BracketLeft: '[',
    BracketRight: ']',
    Space: 'Space',
  };
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
  const isLatinLetter = /^[a-z]$/i.test(event.key);
  const letterByPlace = /^Key([A-Z])$/.exec(event.code)?.[1];
  const key =
    digit ??
    (isLatinLetter ? event.key.toUpperCase() : undefined) ??
    byPlace[event.code] ??
    letterByPlace ??
    (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  return {
    isCtrl: event.ctrlKey,
    isMeta: event.metaKey,
    isAlt: event.altKey,
    isShift: event.shiftKey,
    key,
  };
}
