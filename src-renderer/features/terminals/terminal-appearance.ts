/** How a screen looks and behaves by the settings, as xterm.js takes it. Recordings are shown with the same. */
import type { Settings } from '#contract/settings.ts';
import type { WorkAppearance } from './terminal-work.ts';

export type TerminalAppearance = Pick<
  Settings,
  | 'terminalFontFamily'
  | 'terminalFontSizePx'
  | 'terminalLineHeight'
  | 'terminalCursor'
  | 'terminalCursorBlinks'
  | 'terminalScrollbackLines'
  | 'terminalBell'
  | 'terminalRenderer'
  | 'copyOnSelection'
  | 'warnOnMultiLinePaste'
> &
  WorkAppearance;

/** Pixels of the strip at the right that the scrollbar and the overview of marks share; xterm.js's own scrollbar has as many. */
const overviewWidth = 14;

export function screenOptions(appearance: TerminalAppearance) {
  return {
    fontFamily: appearance.terminalFontFamily,
    fontSize: appearance.terminalFontSizePx,
    lineHeight: appearance.terminalLineHeight,
    cursorStyle: appearance.terminalCursor,
    cursorBlink: appearance.terminalCursorBlinks,
    scrollback: appearance.terminalScrollbackLines,
    overviewRuler: { width: overviewWidth },
    // Programs choose colours without knowing the background; this keeps their text readable on ours.
    minimumContrastRatio: 4.5,
  } as const;
}
