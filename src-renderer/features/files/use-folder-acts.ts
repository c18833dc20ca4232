/** What a person can do with what is chosen in a folder: one place for keys, menus, buttons and dragging. */
import type { DragEvent } from 'react';
import type { FileEntry } from '#contract/files.ts';
import { formatCount } from '../../components/format.ts';
import { useApp } from '../../state/app-context.tsx';
import { droppedSource } from './dropped-files.ts';
import type { Row } from './entry-order.ts';
import { copyEntries, type NewMode, removeEntries, setPermissions } from './file-acts.ts';
import type { FolderAt, Held } from './files-work.ts';
import type { FolderStore } from './folder-store.ts';
import { joinPath } from './path-words.ts';
import { type Place, useFilesWork } from './use-files-work.tsx';
import type { UploadSource } from './upload.ts';

export type FolderActs = ReturnType<typeof useFolderActs>;

export function useFolderActs(place: Place, folderStore: FolderStore) {
  const app = useApp();
  const work = useFilesWork();
  const { client, notices, confirmations, view } = app;
  const deps = { client, work };
  const placeId = place.id;
  const state = () => folderStore.store.getState();
  const folder = () => state().path ?? '/';
  const here = (): FolderAt => ({ placeId, folder: folder() });
  const chosen = (): Row[] => {
    const { rows, selection } = state();
    return rows.filter(({ entry }) => selection.names.has(entry.name));
  };
  const held = (): Held => ({ ...here(), names: chosen().map(({ entry }) => entry.name) });
  const what = (names: readonly string[]) =>
    names.length === 1 ? (names[0] ?? '') : formatCount(names.length, 'entry', 'entries');
  const attempt = async (title: string, act: () => Promise<unknown>) => {
    try {
      await act();
    } catch (cause) {
      notices.fail(title, cause);
    }
  };

  /** The first of the folders that holds something; null: none does. */
  const filledFolder = async (rows: readonly Row[]): Promise<string | null> => {
    for (const { entry } of rows) {
      if (entry.kind !== 'folder') continue;
      const stop = new AbortController();
      const path = joinPath(folder(), entry.name);
      try {
        for await (const part of client.stream('files.list', { placeId, path }, { signal: stop.signal }))
          if (part.entries.length > 0) return entry.name;
      } catch {
        // What cannot be looked into may hold something.
        return entry.name;
      } finally {
        stop.abort();
      }
    }
    return null;
  };

  const acts = {
    chosen,
    openEntry: (entry: FileEntry) => {
      const path = joinPath(folder(), entry.name);
      if (entry.kind === 'folder' || entry.targetKind === 'folder') folderStore.go(path);
      else if (entry.kind === 'link' && entry.targetKind === null)
        notices.show({
          level: 'warning',
          title: `${entry.name} leads nowhere`,
          body: `It is a link to ${entry.target ?? ''}, and nothing is there.`,
        });
      else if (entry.kind === 'other' || entry.targetKind === 'other')
        notices.show({
          level: 'warning',
          title: `${entry.name} cannot be opened`,
          body: 'It is a socket, a pipe or a device, and no file.',
        });
      else view.actions.open({ type: 'file', placeId, path });
    },
    copyPath: () => {
      const text = chosen()
        .map(({ entry }) => joinPath(folder(), entry.name))
        .join('\n');
      navigator.clipboard.writeText(text === '' ? folder() : text).then(
        () => notices.show({ title: 'The path was copied', body: text === '' ? folder() : text }),
        (cause: unknown) => notices.fail('The path could not be copied', cause),
      );
    },
    hold: (isCut: boolean) => {
      const now = held();
      if (now.names.length > 0) work.setClipboard({ ...now, isCut });
    },
    paste: async (into: FolderAt = here()) => {
      const { clipboard } = work.store.getState();
      if (clipboard === null) return;
      const { isCut, ...from } = clipboard;
      await attempt(`${what(from.names)} could not be ${isCut ? 'moved' : 'copied'}`, async () => {
        if ((await copyEntries(deps, from, { to: into, isMove: isCut })) && isCut) work.setClipboard(null);
      });
    },
    moveHeld: (from: Held, to: FolderAt, isMove: boolean) =>
      attempt(`${what(from.names)} could not be ${isMove ? 'moved' : 'copied'}`, () =>
        copyEntries(deps, from, { to, isMove }),
      ),
    remove: async () => {
      const rows = chosen();
      const now = held();
      if (rows.length === 0) return;
      const name = what(now.names);
      const filled = await filledFolder(rows);
      const shown = rows
        .slice(0, 5)
        .map(({ entry }) => (entry.kind === 'folder' ? `${entry.name} and all that is in it` : entry.name));
      const isAgreed = await confirmations.ask({
        title: `Delete ${name}?`,
        body: `There is no bin on ${place.hostName ?? place.name}: what is deleted is gone for good.`,
        deletes: [...shown, ...(rows.length > 5 ? [`${rows.length - 5} more`] : [])],
        action: rows.length === 1 ? 'Delete' : `Delete ${name}`,
        isDangerous: true,
        ...(filled === null ? {} : { typeToConfirm: filled }),
      });
      if (isAgreed) await attempt(`${name} could not be deleted`, () => removeEntries(deps, now));
    },
    setMode: async (change: NewMode) => {
      const now = held();
      void attempt(`The permissions of ${what(now.names)} were not changed`, () =>
        setPermissions(deps, now, change),
      );
    },
    rename: async (name: string, newName: string | null) => {
      folderStore.setRenaming(null);
      if (newName === null) return;
      await attempt(`${name} was not renamed`, async () => {
        const path = joinPath(folder(), name);
        await client.call('files.rename', { placeId, path, toPath: joinPath(folder(), newName) });
        folderStore.refresh([newName]);
      });
    },
    makeFolder: async (name: string) => {
      await client.call('files.makeFolder', { placeId, path: joinPath(folder(), name) });
      folderStore.refresh([name]);
    },
    makeFile: async (name: string) => {
      await client.call('files.writeText', {
        ...{ placeId, path: joinPath(folder(), name), text: '', replaces: 'nothing' },
      });
      folderStore.refresh([name]);
    },
    upload: (source: UploadSource, into: string = folder()) => {
      if (source.files.length + source.folders.length === 0) return;
      work.setTrayFolded(false);
      work.transfers.upload(placeId, into, source);
    },
    /** Within the person's own press. */
    download: () => {
      const rows = chosen();
      const [only] = rows;
      const isFile = only?.entry.kind === 'file' || only?.entry.targetKind === 'file';
      const names = rows.map(({ entry }) => entry.name);
      work.setTrayFolded(false);
      void attempt('It could not be downloaded', () =>
        work.transfers.download(
          placeId,
          folder(),
          rows.length === 1 && only && isFile
            ? { kind: 'file', entry: only.entry }
            : { kind: 'archive', names },
        ),
      );
    },
    dragStart: (names: readonly string[]) => work.setDrag({ ...here(), names }),
    dragEnd: () => work.setDrag(null),
    canDrop: (event: DragEvent, into: string): 'copy' | 'move' | null => {
      if (!place.mayWrite) return null;
      const { drag } = work.store.getState();
      if (drag === null) return event.dataTransfer.types.includes('Files') ? 'copy' : null;
      const isSame = drag.placeId === placeId && drag.folder === into;
      const isItself =
        drag.placeId === placeId && drag.names.some((name) => joinPath(drag.folder, name) === into);
      if (isItself || (isSame && !event.ctrlKey)) return null;
      return event.ctrlKey || event.altKey || drag.placeId !== placeId ? 'copy' : 'move';
    },
    drop: (event: DragEvent, into: string) => {
      const { drag } = work.store.getState();
      work.setDrag(null);
      if (drag !== null) {
        const isMove = !(event.ctrlKey || event.altKey || drag.placeId !== placeId);
        void acts.moveHeld(drag, { placeId, folder: into }, isMove);
        return;
      }
      // Taken within the event: the browser forgets it after that.
      const source = droppedSource(event.dataTransfer);
      void attempt('What was dropped could not be read', async () => acts.upload(await source, into));
    },
  };
  return acts;
}
