/** Search in one screen: the addon, and the one mistake of it that has to be worked around. */
import { type ISearchOptions, SearchAddon } from '@xterm/addon-search';
import type { Terminal as Screen } from '@xterm/xterm';

export class ScreenSearch {
  readonly #screen: Screen;
  readonly #addon = new SearchAddon({ highlightLimit: 2_000 });
  #kind = '';

  constructor(screen: Screen, onResult: (result: { index: number; count: number }) => void) {
    this.#screen = screen;
    screen.loadAddon(this.#addon);
    this.#addon.onDidChangeResults(({ resultIndex, resultCount }) =>
      onResult({ index: resultIndex, count: resultCount }),
    );
  }

  findNext(text: string, options: ISearchOptions): boolean {
    this.#forgetOther(options);
    return this.#addon.findNext(text, options);
  }
  findPrevious(text: string, options: ISearchOptions): boolean {
    this.#forgetOther(options);
    return this.#addon.findPrevious(text, options);
  }
  clear(): void {
    this.#addon.clearDecorations();
    this.#screen.clearSelection();
  }

  /** The addon (0.16.0) compares new options with themselves, so that it would go on to count what the old ones found. */
  #forgetOther({ caseSensitive, regex }: ISearchOptions): void {
    const kind = `${caseSensitive} ${regex}`;
    if (kind !== this.#kind) this.#addon.clearDecorations();
    this.#kind = kind;
  }
}
