/**
 * A screen that fills the display. The whole page is what goes full screen, with the screen in front of it: menus and
 * questions, which stand beside it in the page, are still seen. While it lasts, the browser hands over keys that it keeps
 * for itself otherwise (Keyboard Lock, where it knows it); holding Escape leaves.
 */
import { useEffect, useState } from 'react';

interface LockableKeyboard {
  lock(): Promise<void>;
  unlock(): void;
}

function keyboard(): LockableKeyboard | undefined {
  return (navigator as Navigator & { readonly keyboard?: LockableKeyboard }).keyboard;
}

export interface FullScreen {
  readonly isOn: boolean;
  readonly isPossible: boolean;
  readonly toggle: () => Promise<void>;
}

export function useFullScreen(isVisible: boolean): FullScreen {
  const [isOn, setOn] = useState(false);
  useEffect(() => {
    if (!isOn) return;
    const follow = () => setOn(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', follow);
    return () => {
      document.removeEventListener('fullscreenchange', follow);
      keyboard()?.unlock();
      if (document.fullscreenElement !== null) void document.exitFullscreen();
    };
  }, [isOn]);
  return {
    // Another tab came to the front: this one must not stay before it.
    isOn: isOn && isVisible,
    isPossible: document.fullscreenEnabled,
    toggle: async () => {
      if (isOn) return setOn(false);
      await document.documentElement.requestFullscreen();
      setOn(true);
      // Refused, Escape and the like stay with the browser; nothing else changes.
      await keyboard()
        ?.lock()
        .catch(() => undefined);
    },
  };
}
