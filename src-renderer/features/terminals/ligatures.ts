/**
 * Ligatures: signs of several characters that a font draws as one. xterm.js draws them when told which cells belong
 * together. The list is ours: the ligatures addon (0.10.0) reads it out of the font, but only of fonts that are installed
 * and that the browser may list, and asks for that permission; the font that comes with Berth is neither.
 */
import type { Terminal as Screen } from '@xterm/xterm';

/** The usual ones of JetBrains Mono, Fira Code and Cascadia Code. */
const signs = [
  '<!--',
  '-->',
  '<-->',
  '<->',
  '--->',
  '<---',
  '-->',
  '<--',
  '->>',
  '<<-',
  '->',
  '<-',
  '<===>',
  '<==>',
  '<=>',
  '===>',
  '<===',
  '==>',
  '<==',
  '=>>',
  '<<=',
  '=>',
  '>>=',
  '<=',
  '>=',
  '!==',
  '===',
  '!=',
  '==',
  '=!=',
  '=/=',
  '/=',
  '~=',
  ':=',
  '=:=',
  '::=',
  '+=',
  '-=',
  '*=',
  '|=',
  '&=',
  '^=',
  '%=',
  '<~>',
  '<~~',
  '~~>',
  '<~',
  '~>',
  '~~',
  '~-',
  '-~',
  '<|>',
  '<||',
  '||>',
  '<|',
  '|>',
  '|||',
  '||',
  '|-',
  '-|',
  '[|',
  '|]',
  '{|',
  '|}',
  '<$>',
  '<$',
  '$>',
  '<*>',
  '<*',
  '*>',
  '<+>',
  '<+',
  '+>',
  '<>',
  '</>',
  '</',
  '/>',
  '<<<',
  '>>>',
  '<<',
  '>>',
  '&&&',
  '&&',
  '+++',
  '++',
  '---',
  '--',
  '***',
  '**',
  '///',
  '//',
  '/**',
  '/*',
  '*/',
  ':::',
  '::',
  ';;',
  '..<',
  '...',
  '..',
  '.=',
  '?:',
  '??',
  '?.',
  '?=',
  '!!',
  '!.',
  '###',
  '####',
  '##',
  '#{',
  '#[',
  '#(',
  '#?',
  '#!',
  '#_',
  '_|_',
  '__',
  '@_',
  '\\\\',
] as const;

const pattern = new RegExp(
  [...new Set(signs)]
    .sort((a, b) => b.length - a.length)
    .map((sign) => sign.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
    .join('|'),
  'g',
);

/** Where they stand in a run of text: from, to. The longest wins, from the left. */
export function ligatureRanges(text: string): [number, number][] {
  return [...text.matchAll(pattern)].map((match) => [match.index, match.index + match[0].length]);
}

export class Ligatures {
  readonly #screen: Screen;
  #joinerId: number | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Only for a screen that was opened; the style sheet turns the font's features on by the attribute. */
  set(isOn: boolean): void {
    const element = this.#screen.element;
    if (element === undefined || isOn === (this.#joinerId !== undefined)) return;
    if (isOn) {
      element.dataset.ligatures = 'on';
      this.#joinerId = this.#screen.registerCharacterJoiner(ligatureRanges);
    } else {
      delete element.dataset.ligatures;
      if (this.#joinerId !== undefined) this.#screen.deregisterCharacterJoiner(this.#joinerId);
      this.#joinerId = undefined;
    }
  }
}
