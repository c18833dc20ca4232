/** What files show over every page, and do while the window is open: questions about names, and the warning before it closes. */
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { useApp, useViewState } from '../../state/app-context.tsx';
import { allTabs } from '../../state/panes.ts';
import { ConflictDialog } from './conflict-dialog.tsx';
import { openDocuments } from './open-documents.ts';
import { baseName } from './path-words.ts';
import { isOver } from './transfer.ts';
import { useFilesWork, useFilesWorkState } from './use-files-work.tsx';

export function FilesOverlays() {
  const { transfers } = useFilesWork();
  const asking = useStore(transfers.store, (state) =>
    state.transfers.find(({ phase }) => phase === 'asking'),
  );
  const question = useFilesWorkState((state) => state.question);
  useLetGo();
  useWarnBeforeClose();
  if (asking !== undefined && asking.conflict !== null)
    return (
      <ConflictDialog
        key={`${asking.id} ${asking.conflict}`}
        name={asking.conflict}
        othersCount={asking.filesTotal - asking.filesDone - asking.filesSkipped - 1}
        isOnce={false}
        onAnswer={(answer) =>
          answer === null ? transfers.cancel(asking.id) : transfers.answer(asking.id, answer)
        }
      />
    );
  if (question !== null)
    return (
      <ConflictDialog
        key={question.name}
        name={question.name}
        othersCount={question.othersCount}
        isOnce
        onAnswer={question.answer}
      />
    );
  return null;
}

/** Texts that no tab shows any more are let go of. */
function useLetGo() {
  const root = useViewState((state) => state.root);
  useEffect(
    () => openDocuments.keepOnly(allTabs(root).flatMap(({ ref }) => (ref.type === 'file' ? [ref] : []))),
    [root],
  );
}

/** What would be lost with the window; whoever closes it is asked (state/unsaved.ts). */
function useWarnBeforeClose() {
  const { transfers } = useFilesWork();
  const { unsaved } = useApp();
  useEffect(
    () =>
      unsaved.add({
        texts: () => openDocuments.unsaved().map(({ path }) => baseName(path)),
        transferCount: () => transfers.store.getState().transfers.filter((one) => !isOver(one)).length,
        save: async () => {
          for (const { document } of openDocuments.unsaved()) if (!(await document.save())) return false;
          return true;
        },
        subscribe: (onChange) => {
          const stops = [openDocuments.subscribeUnsaved(onChange), transfers.store.subscribe(onChange)];
          return () => {
            for (const stop of stops) stop();
          };
        },
      }),
    [transfers, unsaved],
  );
}
