/** A folder of a workspace or host: where one is, what is in it, what can be done with it, and what is on its way. */
import {
  ArrowLeft,
  ArrowRight,
  ArrowUp,
  Eye,
  EyeOff,
  FilePlus2,
  FolderPlus,
  FolderUp,
  House,
  Info,
  Plus,
  RefreshCw,
  Upload,
} from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { Button, IconButton } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { inputClass } from '../../components/field.tsx';
import { Menu } from '../../components/menu.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { chosenSource } from './dropped-files.ts';
import { isHidden, wantedRows } from './entry-order.ts';
import { FileList, type ListKey } from './file-list.tsx';
import { createFolderStore } from './folder-store.ts';
import { Nothing, Summary } from './folder-states.tsx';
import { folderMenu } from './folder-menu.ts';
import { NameDialog } from './name-dialog.tsx';
import { PathBar } from './path-bar.tsx';
import { joinPath } from './path-words.ts';
import { PermissionsDialog } from './permissions-dialog.tsx';
import { QuickLook } from './quick-look.tsx';
import { TransferTray } from './transfer-tray.tsx';
import { useApp } from '../../state/app-context.tsx';
import { useFolderActs } from './use-folder-acts.ts';
import { useFollowing } from './use-following.ts';
import { useFilesWork, useFilesWorkState, usePlace } from './use-files-work.tsx';

export type PageDialog = 'folder' | 'file' | 'permissions' | 'look';

const noNames: ReadonlySet<string> = new Set();

export default function FilesPage({ view, tabId, isVisible }: ViewProps<'files'>) {
  const { client } = useApp();
  const { placeId } = view;
  const [folder] = useState(() => createFolderStore({ client, placeId }));
  const place = usePlace(placeId);
  const work = useFilesWork();
  const acts = useFolderActs(place, folder);
  const state = useStore(folder.store);
  const showsHidden = useFilesWorkState((all) => all.showsHidden);
  const clipboard = useFilesWorkState((all) => all.clipboard);
  const [dialog, setDialog] = useState<PageDialog | null>(null);
  const [isTypingPath, setTypingPath] = useState(false);
  const filterField = useRef<HTMLInputElement>(null);
  const fileField = useRef<HTMLInputElement>(null);
  const folderField = useRef<HTMLInputElement>(null);
  useFollowing(folder, { view, tabId, isVisible, stateKey: place.stateKey });

  const { path, rows, filter, selection, error, only, goingTo } = state;
  const shown = useMemo(() => wantedRows(rows, { showsHidden, filter }), [rows, showsHidden, filter]);
  const canWrite = place.mayWrite && state.isWritable;
  const cutNames = useMemo(
    () =>
      clipboard?.isCut && clipboard.placeId === placeId && clipboard.folder === path
        ? new Set(clipboard.names)
        : noNames,
    [clipboard, placeId, path],
  );
  const pathOf = (name: string | null) => (name === null ? (path ?? '/') : joinPath(path ?? '/', name));

  const onKey = (key: ListKey) => {
    const chosen = acts.chosen();
    const [first] = chosen;
    switch (key) {
      case 'open':
        if (chosen.length === 1 && first) acts.openEntry(first.entry);
        break;
      case 'up':
        folder.goUp();
        break;
      case 'back':
        folder.goBack();
        break;
      case 'forward':
        folder.goForward();
        break;
      case 'refresh':
        folder.refresh();
        break;
      case 'rename':
        if (canWrite && chosen.length === 1 && first) folder.setRenaming(first.entry.name);
        break;
      case 'delete':
        if (canWrite) void acts.remove();
        break;
      case 'copy':
        acts.hold(false);
        break;
      case 'cut':
        if (canWrite) acts.hold(true);
        break;
      case 'paste':
        if (canWrite) void acts.paste();
        break;
      case 'look':
        if (chosen.length === 1 && first && !first.isFolder) setDialog('look');
        break;
      case 'filter':
        filterField.current?.focus();
        break;
      case 'path':
        setTypingPath(true);
        break;
      case 'hidden':
        work.setShowsHidden(!showsHidden);
        break;
      default:
        key satisfies never;
    }
  };
  const upload = [
    { kind: 'item', id: 'folder', label: 'New folder…', icon: FolderPlus, run: () => setDialog('folder') },
    { kind: 'item', id: 'file', label: 'New text file…', icon: FilePlus2, run: () => setDialog('file') },
    { kind: 'line', id: 'line' },
    {
      kind: 'item',
      id: 'files',
      label: 'Upload files…',
      icon: Upload,
      run: () => fileField.current?.click(),
    },
    {
      kind: 'item',
      id: 'tree',
      label: 'Upload a folder…',
      icon: FolderUp,
      run: () => folderField.current?.click(),
    },
  ] as const;
  const menu = () =>
    folderMenu({
      ...{ acts, folder, canWrite, mayWrite: place.mayWrite, hasClipboard: clipboard !== null },
      ...{ onDialog: setDialog, onUpload: upload.slice(3) },
    });
  const label = `Files of ${place.name}`;
  const chosenRows = acts.chosen();

  return (
    <div className="absolute inset-0 flex flex-col bg-app">
      <h1 className="sr-only">{label}</h1>
      <div className="flex shrink-0 flex-wrap items-center gap-1 border-b border-line bg-panel px-2 py-1.5">
        <div className="flex items-center">
          <IconButton
            label="Back"
            icon={ArrowLeft}
            disabled={state.back.length === 0}
            onClick={() => folder.goBack()}
          />
          <IconButton
            label="Forward"
            icon={ArrowRight}
            disabled={state.forward.length === 0}
            onClick={() => folder.goForward()}
          />
          <IconButton
            label="Up"
            icon={ArrowUp}
            disabled={path === null || path === '/'}
            onClick={() => folder.goUp()}
          />
          <IconButton label="Where one begins" icon={House} onClick={() => folder.go(null)} />
          <IconButton label="Read again" icon={RefreshCw} onClick={() => folder.refresh()} />
        </div>
        <div className="flex min-w-56 flex-1 items-center">
          <PathBar
            placeId={placeId}
            path={goingTo ?? path ?? '/'}
            isEditing={isTypingPath}
            onEditing={setTypingPath}
            onGo={(to) => folder.go(to)}
            canDrop={acts.canDrop}
            onDrop={acts.drop}
          />
        </div>
        <div className="flex items-center gap-1">
          <input
            ref={filterField}
            type="search"
            aria-label="Filter by name"
            placeholder="Filter"
            value={filter}
            spellCheck={false}
            onChange={(event) => folder.setFilter(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape' && filter !== '') {
                event.stopPropagation();
                folder.setFilter('');
              }
            }}
            className={`${inputClass} w-32`}
          />
          <IconButton
            label={showsHidden ? 'Hide hidden files' : 'Show hidden files'}
            icon={showsHidden ? Eye : EyeOff}
            isPressed={showsHidden}
            onClick={() => work.setShowsHidden(!showsHidden)}
          />
          {place.mayWrite && (
            <Menu
              align="end"
              trigger={
                <Button icon={Plus} disabled={!canWrite} reason="You may not change this folder">
                  Add
                </Button>
              }
              entries={canWrite ? upload : []}
            />
          )}
        </div>
      </div>
      <input
        ref={fileField}
        type="file"
        multiple
        hidden
        aria-hidden
        tabIndex={-1}
        onChange={(event) => {
          acts.upload(chosenSource(event.target.files ?? []));
          event.target.value = '';
        }}
      />
      <input
        ref={(element) => {
          folderField.current = element;
          element?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        hidden
        aria-hidden
        tabIndex={-1}
        onChange={(event) => {
          acts.upload(chosenSource(event.target.files ?? []));
          event.target.value = '';
        }}
      />
      {only !== null && (
        <p className="flex shrink-0 items-center gap-2 border-b border-line bg-attention-soft px-3 py-1.5">
          <Info aria-hidden size={14} className="shrink-0 text-attention" />
          <span className="wrap-anywhere">
            Only the lasting files are there while it is stopped: those in{' '}
            <span className="font-code">{only}</span>.
          </span>
        </p>
      )}
      {error !== null ? (
        <div className="min-h-0 flex-1 overflow-y-auto p-4">
          <div className="mx-auto max-w-[680px]">
            <ErrorNote
              title={path === null ? 'The files could not be read' : `${path} could not be read`}
              error={error}
              actions={
                <>
                  <Button onClick={() => folder.refresh()}>Read again</Button>
                  {path !== null && path !== '/' && <Button onClick={() => folder.goUp()}>Go up</Button>}
                </>
              }
            />
          </div>
        </div>
      ) : (
        <div className="relative flex min-h-0 flex-1 flex-col">
          {/* The list keeps the keyboard, also where it has no rows. */}
          <FileList
            label={label}
            rows={shown}
            order={state.order}
            selection={selection}
            renaming={state.renaming}
            cutNames={cutNames}
            isBusy={state.isReading}
            onSort={(column) => folder.sortBy(column)}
            onSelect={(next) => folder.select(next)}
            onKey={onKey}
            onOpen={acts.openEntry}
            onRename={(name, newName) => void acts.rename(name, newName)}
            menu={menu}
            onDragStart={acts.dragStart}
            onDragEnd={acts.dragEnd}
            canDrop={(event, name) => acts.canDrop(event, pathOf(name))}
            onDrop={(event, name) => acts.drop(event, pathOf(name))}
          />
          {shown.length === 0 && (
            <Nothing
              {...{ state, folder, acts, canWrite }}
              hiddenCount={showsHidden ? 0 : rows.filter(({ entry }) => isHidden(entry.name)).length}
              onShowHidden={() => work.setShowsHidden(true)}
              onUpload={() => fileField.current?.click()}
            />
          )}
        </div>
      )}
      <Summary state={state} shownCount={shown.length} chosen={chosenRows} />
      <TransferTray placeId={placeId} />
      {(dialog === 'folder' || dialog === 'file') && (
        <NameDialog
          kind={dialog}
          folder={path ?? '/'}
          onMake={dialog === 'folder' ? acts.makeFolder : acts.makeFile}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === 'permissions' && chosenRows.length > 0 && (
        <PermissionsDialog rows={chosenRows} onSet={acts.setMode} onClose={() => setDialog(null)} />
      )}
      {dialog === 'look' && chosenRows[0] && (
        <QuickLook
          placeId={placeId}
          folder={path ?? '/'}
          entry={chosenRows[0].entry}
          onOpen={() => {
            setDialog(null);
            acts.openEntry(chosenRows[0]!.entry);
          }}
          onClose={() => setDialog(null)}
        />
      )}
    </div>
  );
}
