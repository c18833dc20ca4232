/** Keeps a files tab and the rest of the window together. */
import { useEffect, useRef } from 'react';
import { useConnection, useViewActions } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import type { FolderStore } from './folder-store.ts';
import { useFilesWork } from './use-files-work.tsx';

/** The tab's reference goes where the folder goes, and what the rest of the window does to the folder is read again. */
export function useFollowing(
  folder: FolderStore,
  {
    view,
    tabId,
    isVisible,
    stateKey,
  }: Pick<ViewProps<'files'>, 'view' | 'tabId' | 'isVisible'> & { stateKey: string },
) {
  const work = useFilesWork();
  const actions = useViewActions();
  const { phase } = useConnection();
  const { placeId, path: wanted } = view;
  const readFor = useRef<string | null>(null);

  useEffect(
    () =>
      folder.store.subscribe(({ path }, before) => {
        if (path !== null && path !== before.path) actions.replace(tabId, { type: 'files', placeId, path });
      }),
    [folder, actions, tabId, placeId],
  );
  useEffect(() => {
    const { path, goingTo } = folder.store.getState();
    // Where the folder itself went, the reference follows; where the reference was changed, the folder does.
    if (wanted !== null && (wanted === path || wanted === goingTo)) return;
    if (wanted === null && (path ?? goingTo) !== null) return;
    // Began in the middle: what is there at all is not known yet.
    if (wanted !== null && path === null) folder.refreshStart();
    folder.go(wanted);
  }, [folder, wanted]);
  useEffect(
    () =>
      work.onChanged((at) => {
        if (at.placeId === placeId && at.folder === folder.store.getState().path) folder.refresh();
      }),
    [work, folder, placeId],
  );
  // Whoever comes back to the page, or whose workspace started meanwhile, sees what is there now.
  useEffect(() => {
    if (!isVisible || phase !== 'open') return;
    const isFirst = readFor.current === null;
    const isOther = readFor.current !== null && readFor.current !== stateKey;
    readFor.current = stateKey;
    if (isFirst) return;
    if (isOther) folder.refreshStart();
    folder.refresh();
  }, [isVisible, phase, stateKey, folder]);
  useEffect(() => () => folder.close(), [folder]);
}
