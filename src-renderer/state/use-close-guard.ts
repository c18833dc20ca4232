/**
 * Keeps the window from closing over unsaved work. The desktop is told what there is, asks in its own dialog, and may have
 * it saved; a browser asks in its own words, and only where something would be lost.
 */
import { useEffect } from 'react';
import type { App } from './app-context.tsx';

export function useCloseGuard({ shell, unsaved, notices }: App): void {
  useEffect(() => {
    if (shell !== null) return;
    const warn = (event: BeforeUnloadEvent) => {
      const { texts, transferCount } = unsaved.read();
      if (texts.length > 0 || transferCount > 0) event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [shell, unsaved]);

  useEffect(() => {
    if (shell === null) return;
    let told = JSON.stringify({ texts: [], transferCount: 0 });
    return unsaved.subscribe(() => {
      const work = unsaved.read();
      const text = JSON.stringify(work);
      if (text === told) return;
      told = text;
      void shell.request('setUnsaved', work);
    });
  }, [shell, unsaved]);

  useEffect(() => {
    let isOver = false;
    shell?.onEvent((event) => {
      if (isOver || event.type !== 'save-unsaved') return;
      void unsaved
        .save()
        .catch((cause: unknown) => {
          notices.fail('Not everything was saved', cause);
          return false;
        })
        .then((isSaved) => shell.request('unsavedSaved', { isSaved }));
    });
    return () => {
      isOver = true;
    };
  }, [shell, unsaved, notices]);
}
