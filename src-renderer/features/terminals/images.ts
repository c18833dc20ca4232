/**
 * Pictures in a terminal: sixel and iTerm2's, when the settings say so. The addon keeps and draws them (loaded with the
 * first picture); its decoders are WebAssembly, which the page's policy forbids, so the decoding is ours.
 * Guarantees: off means that the screen knows no pictures at all; bounds on each and on all together.
 */
import type { IDisposable, Terminal as Screen } from '@xterm/xterm';
import { drawnSize, parseInlineImage } from './inline-image.ts';
import { decodeSixel, maximumPixels } from './sixel.ts';

/** Megabytes of pictures kept for one terminal; the oldest go. */
const storageMegabytes = 16;
/** What a VT340-like terminal says of itself (DA1): 4 is sixel, by which programs know that they may send some. */
const deviceAttributes = '\u001b[?62;4;9;22c';

type Picture = HTMLCanvasElement | ImageBitmap;
/** The addon's own store; there is no public way in. Absent in a later version: no pictures, and a red test. */
interface PictureStore {
  readonly _storage?: { addImage(picture: Picture): void };
}

export class Images {
  readonly #screen: Screen;
  #handlers: IDisposable[] = [];
  #store: Promise<PictureStore> | undefined;
  #isDisposed = false;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Counts for what is printed from now on; pictures that are there stay. */
  set(isOn: boolean): void {
    if (isOn === this.#handlers.length > 0) return;
    if (!isOn) {
      for (const handler of this.#handlers.splice(0)) handler.dispose();
      return;
    }
    const { parser } = this.#screen;
    this.#handlers = [
      parser.registerDcsHandler({ final: 'q' }, (data) => this.#drawSixel(data)),
      parser.registerOscHandler(1337, (data) => (data.startsWith('File=') ? this.#drawInline(data) : false)),
      parser.registerCsiHandler({ final: 'c' }, (parameters) => {
        if ((parameters[0] ?? 0) !== 0) return false;
        this.#screen.input(deviceAttributes, false);
        return true;
      }),
    ];
  }

  dispose(): void {
    this.#isDisposed = true;
    this.set(false);
  }

  // Later output waits for the answer, so that a picture stands where it was printed.
  async #drawSixel(data: string): Promise<boolean> {
    const pixels = decodeSixel(data);
    if (pixels === null) return true;
    const canvas = document.createElement('canvas');
    canvas.width = pixels.width;
    canvas.height = pixels.height;
    canvas.getContext('2d')?.putImageData(new ImageData(pixels.rgba, pixels.width, pixels.height), 0, 0);
    return this.#add(canvas);
  }

  async #drawInline(data: string): Promise<boolean> {
    const image = parseInlineImage(data);
    if (image === null) return true;
    const { width, height } = drawnSize(image, this.#measure());
    const bitmap = await createImageBitmap(new Blob([image.bytes], { type: image.mime }), {
      resizeWidth: width,
      resizeHeight: height,
      // Not the picture that its first bytes said: nothing is drawn.
    }).catch(() => null);
    return bitmap === null ? true : this.#add(bitmap);
  }

  async #add(picture: Picture): Promise<boolean> {
    try {
      const store = await this.#load();
      if (!this.#isDisposed) store._storage?.addImage(picture);
    } catch {
      // The addon could not be fetched, as from a Berth that was stopped: the next picture tries again.
      this.#store = undefined;
    }
    return true;
  }

  #load(): Promise<PictureStore> {
    this.#store ??= import('@xterm/addon-image').then(({ ImageAddon }) => {
      const addon = new ImageAddon({
        // Reports of window sizes stay as the parser guard has them.
        enableSizeReports: false,
        pixelLimit: maximumPixels,
        storageLimit: storageMegabytes,
        showPlaceholder: false,
        sixelSupport: false,
        iipSupport: false,
      });
      this.#screen.loadAddon(addon);
      return addon as unknown as PictureStore;
    });
    return this.#store;
  }

  #measure() {
    const drawn = this.#screen.element?.querySelector('.xterm-screen')?.getBoundingClientRect();
    const { cols, rows } = this.#screen;
    return {
      cols,
      rows,
      cellWidth: drawn && drawn.width > 0 ? drawn.width / cols : 8,
      cellHeight: drawn && drawn.height > 0 ? drawn.height / rows : 16,
    };
  }
}
