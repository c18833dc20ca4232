/** BaseWindow: no page of its own, and what the app says of it is told. Its person closes it by the test's word. */
import { EventEmitter } from 'node:events';
import { journal } from './journal.ts';

interface Options {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly show: boolean;
  readonly frame: boolean;
  readonly fullscreenable: boolean;
  readonly parent?: object;
}

const windows: BaseWindow[] = [];
/** Of those that are there, the one that was made last. */
export function lastBaseWindow(): BaseWindow | undefined {
  return windows.findLast((window) => !window.isDestroyed());
}

export class BaseWindow extends EventEmitter {
  readonly #number: number;
  readonly #size: [number, number];
  #isVisible: boolean;
  #isDestroyed = false;
  readonly contentView = { addChildView: () => undefined, removeChildView: () => undefined };

  constructor({ title, width, height, show, frame, fullscreenable, parent }: Options) {
    super();
    this.#size = [width, height];
    this.#isVisible = show;
    this.#number = windows.push(this);
    const hasParent = parent !== undefined;
    journal({ what: 'popup', window: this.#number, title, frame, fullscreenable, hasParent });
  }
  setTitle(title: string): void {
    journal({ what: 'popup-title', window: this.#number, title });
  }
  removeMenu(): void {}
  show(): void {
    this.#isVisible = true;
    journal({ what: 'popup-shown', window: this.#number });
  }
  isVisible(): boolean {
    return this.#isVisible;
  }
  isMinimized(): boolean {
    return false;
  }
  isDestroyed(): boolean {
    return this.#isDestroyed;
  }
  getContentSize(): [number, number] {
    return this.#size;
  }
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    journal({ what: 'popup-closed', window: this.#number });
    this.emit('closed');
  }
}
