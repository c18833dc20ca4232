/**
 * Colours of terminals in both themes. The sixteen ANSI colours keep their meaning (red is red) and 4.5:1 against the
 * background, except black and bright black, which programs use to draw things back.
 */
import type { ITheme } from '@xterm/xterm';
import type { Theme } from './theme.ts';

const dark: ITheme = {
  background: '#0f1419',
  foreground: '#e6edf3',
  cursor: '#2dd4bf',
  cursorAccent: '#0f1419',
  selectionBackground: '#1d4f55',
  selectionInactiveBackground: '#232d38',
  // The overview of marks needs no line of its own beside the scrollbar.
  overviewRulerBorder: '#0f141900',
  scrollbarSliderBackground: '#9fb0c033',
  scrollbarSliderHoverBackground: '#9fb0c055',
  scrollbarSliderActiveBackground: '#9fb0c077',
  black: '#2a3541',
  red: '#ff8078',
  green: '#6fd08c',
  yellow: '#e3b341',
  blue: '#6cb6ff',
  magenta: '#d2a8ff',
  cyan: '#4fd1c5',
  white: '#c9d5e0',
  brightBlack: '#7f91a3',
  brightRed: '#ffa198',
  brightGreen: '#8ee6a6',
  brightYellow: '#f2cc60',
  brightBlue: '#96ccff',
  brightMagenta: '#e2c5ff',
  brightCyan: '#7ee8df',
  brightWhite: '#ffffff',
};

const light: ITheme = {
  background: '#ffffff',
  foreground: '#17202a',
  cursor: '#0f766e',
  cursorAccent: '#ffffff',
  selectionBackground: '#bfe8e2',
  selectionInactiveBackground: '#e6ebf0',
  overviewRulerBorder: '#ffffff00',
  scrollbarSliderBackground: '#4f5d6b33',
  scrollbarSliderHoverBackground: '#4f5d6b55',
  scrollbarSliderActiveBackground: '#4f5d6b77',
  black: '#17202a',
  red: '#b3261e',
  green: '#17713a',
  yellow: '#855400',
  blue: '#1a5fb4',
  magenta: '#8a3ab9',
  cyan: '#0b6b76',
  white: '#5b6875',
  brightBlack: '#4f5d6b',
  brightRed: '#c5362d',
  brightGreen: '#1c7c42',
  brightYellow: '#8f5b00',
  brightBlue: '#2269c0',
  brightMagenta: '#9645c6',
  brightCyan: '#0d7682',
  brightWhite: '#3d4a57',
};

export function xtermTheme(theme: Theme): ITheme {
  return theme === 'light' ? light : dark;
}
