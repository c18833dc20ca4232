/**
 * Two things that noVNC's keyboard does not do. Keys that are down when the screen loses the keyboard are let go: their
 * release goes elsewhere, and Ctrl would stay down on the desktop. And a paste brings this computer's clipboard along, with
 * no permission: the browser hands it over in the paste event that the person's own keys cause.
 *
 * Returns what ends it. Listens before noVNC, which takes every key that it hears.
 */
import type { RemoteScreen } from './screen-session.ts';
import { heldKeys } from './keysyms.ts';

export interface KeyboardOptions {
  /** The element around noVNC's canvas. */
  readonly holder: HTMLElement;
  readonly screen: () => RemoteScreen | null;
  readonly isMac: boolean;
  /** Before the keys of the paste are sent. */
  readonly onPaste: (text: string) => void;
}

const keysymV = 0x76;

export function guardKeyboard({ holder, screen, isMac, onPaste }: KeyboardOptions): () => void {
  const down = new Map<string, string>();
  const stop = new AbortController();
  const listen = { capture: true, signal: stop.signal } as const;

  const letGo = () => {
    const canvas = holder.querySelector('canvas');
    // noVNC sends the release itself, and forgets the key.
    for (const [code, key] of [...down])
      canvas?.dispatchEvent(new KeyboardEvent('keyup', { code, key, bubbles: true, cancelable: true }));
    down.clear();
  };
  const sendPaste = () => {
    const remote = screen();
    const control = heldKeys[0];
    if (remote === null || control === undefined) return;
    // On a Mac the key that is held is none that pastes there.
    if (isMac) {
      letGo();
      remote.sendKey(control.keysym, control.code, true);
    }
    remote.sendKey(keysymV, 'KeyV');
    if (isMac) remote.sendKey(control.keysym, control.code, false);
  };

  holder.addEventListener(
    'keydown',
    (event) => {
      const isPaste =
        event.code === 'KeyV' && !event.altKey && (isMac ? event.metaKey : event.ctrlKey && !event.metaKey);
      if (!isPaste || !event.isTrusted) return void down.set(event.code, event.key);
      // Not noVNC's: it would take the event away from the browser, and no paste would follow.
      event.stopPropagation();
      if (event.repeat || screen() === null) return;
      const pasted = new AbortController();
      document.addEventListener(
        'paste',
        (paste) => {
          paste.preventDefault();
          paste.stopPropagation();
          const text = paste.clipboardData?.getData('text/plain') ?? '';
          if (text !== '') onPaste(text);
        },
        { capture: true, once: true, signal: pasted.signal },
      );
      // The browser's paste follows within this very press; where it has nothing to paste, the keys go alone.
      setTimeout(() => {
        pasted.abort();
        sendPaste();
      });
    },
    listen,
  );
  holder.addEventListener('keyup', (event) => void down.delete(event.code), listen);
  holder.addEventListener('focusout', letGo, listen);
  return () => {
    letGo();
    stop.abort();
  };
}
