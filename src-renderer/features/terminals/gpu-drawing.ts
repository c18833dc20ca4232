/** Lets the graphics processor draw a screen where that pays, and gives its context back; a page has few. */
import type { Terminal as Screen } from '@xterm/xterm';
import type { Settings } from '#contract/settings.ts';
import { isHardwareRenderer, readRendererName } from './renderer-choice.ts';

export class GpuDrawing {
  readonly #screen: Screen;
  #isWanted = false;
  #webgl: { dispose(): void } | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** `isShown`: the screen is in the page. */
  async choose(isShown: boolean, choice: Settings['terminalRenderer']): Promise<void> {
    this.#isWanted =
      isShown && (choice === 'gpu' || (choice === 'automatic' && isHardwareRenderer(rendererName())));
    if (!this.#isWanted) {
      this.#webgl?.dispose();
      this.#webgl = undefined;
      return;
    }
    if (this.#webgl !== undefined) return;
    const { WebglAddon } = await import('@xterm/addon-webgl');
    if (!this.#isWanted || this.#webgl !== undefined) return;
    try {
      const addon = new WebglAddon();
      // The browser takes contexts away when there are too many: the DOM renderer draws on.
      addon.onContextLoss(() => {
        addon.dispose();
        if (this.#webgl === addon) this.#webgl = undefined;
      });
      this.#screen.loadAddon(addon);
      this.#webgl = addon;
    } catch {
      // No WebGL 2 here after all; the DOM renderer is already drawing.
      this.#webgl = undefined;
    }
  }
}

const rendererName = (() => {
  let name: string | null | undefined;
  return () => {
    name ??= readRendererName(() => document.createElement('canvas'));
    return name;
  };
})();
