/**
 * The clipboard of this computer and that of a desktop, kept alike while its tab is in front. From there to here each copy
 * goes over as the browser allows; from here to there on a paste, and when the screen gets the keyboard, where the browser
 * may be asked without a question. What it refuses is kept for the panel, where a person copies by hand.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';

export interface ScreenClipboardState {
  /** What is on the desktop's clipboard, as far as is known. */
  readonly text: string;
  /** What was copied there last is not on this computer's clipboard: the browser did not allow it. */
  readonly isKept: boolean;
}

export interface SystemClipboard {
  /** Null: not without asking the person. */
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
}

/** Characters. More goes over only when a person pastes it: VNC servers cut or refuse what is longer. */
export const unaskedLength = 256 * 1024;

export class ScreenClipboard {
  readonly store: StoreApi<ScreenClipboardState> = createStore(() => ({ text: '', isKept: false }));
  readonly #system: SystemClipboard;
  readonly #send: (text: string) => void;

  constructor(system: SystemClipboard, send: (text: string) => void) {
    this.#system = system;
    this.#send = send;
  }

  /** Something was copied on the desktop. `isInFront`: the tab has the keyboard, so that nobody is surprised. */
  async copied(text: string, isInFront: boolean): Promise<void> {
    if (text === this.store.getState().text) return;
    this.store.setState({ text, isKept: true });
    if (!isInFront) return;
    try {
      await this.#system.write(text);
      if (this.store.getState().text === text) this.store.setState({ isKept: false });
    } catch {
      // The panel says so, and a click there may write.
    }
  }

  /** By a person's own act: a paste, or the panel. */
  put(text: string): void {
    this.store.setState({ text, isKept: false });
    this.#send(text);
  }

  /** A person took it from the panel. */
  taken(): void {
    this.store.setState({ isKept: false });
  }

  /** The screen got the keyboard. */
  async focused(): Promise<void> {
    if (this.store.getState().isKept) return;
    const text = await this.#system.read().catch(() => null);
    if (text === null || text === '' || text.length > unaskedLength) return;
    if (text !== this.store.getState().text) this.put(text);
  }
}

/** The browser's. Reads only where the person has allowed it before: nobody is asked for it in the middle of typing. */
export const browserClipboard: SystemClipboard = {
  read: async () => {
    // Not in TypeScript's list of names; Firefox and Safari do not know it and reject.
    const { state } = await navigator.permissions.query({ name: 'clipboard-read' as PermissionName });
    return state === 'granted' && document.hasFocus() ? navigator.clipboard.readText() : null;
  },
  write: (text) => navigator.clipboard.writeText(text),
};
