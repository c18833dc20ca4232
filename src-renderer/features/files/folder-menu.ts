/** The menu of a folder: of what is chosen in it, or of itself where nothing is. Built when it opens. */
import {
  ClipboardCopy,
  ClipboardPaste,
  Copy,
  Download,
  Eye,
  FilePlus2,
  FolderOpen,
  FolderPlus,
  PencilLine,
  RefreshCw,
  Scissors,
  Shield,
  Trash2,
} from 'lucide-react';
import type { MenuEntry } from '../../components/menu.tsx';
import type { PageDialog } from './files-page.tsx';
import type { FolderStore } from './folder-store.ts';
import type { FolderActs } from './use-folder-acts.ts';

export interface FolderMenuDeps {
  readonly acts: FolderActs;
  readonly folder: FolderStore;
  readonly canWrite: boolean;
  readonly mayWrite: boolean;
  readonly hasClipboard: boolean;
  readonly onDialog: (dialog: PageDialog) => void;
  readonly onUpload: readonly MenuEntry[];
}

export function folderMenu(deps: FolderMenuDeps): MenuEntry[] {
  return deps.acts.chosen().length === 0 ? ofFolder(deps) : ofChosen(deps);
}

function ofFolder({
  acts,
  folder,
  canWrite,
  mayWrite,
  hasClipboard,
  onDialog,
  onUpload,
}: FolderMenuDeps): MenuEntry[] {
  const writing: MenuEntry[] = [
    {
      ...{ kind: 'item', id: 'paste', label: 'Paste', icon: ClipboardPaste, keys: ['Ctrl', 'V'] },
      isDisabled: !hasClipboard || !canWrite,
      run: () => void acts.paste(),
    },
    { kind: 'line', id: 'line-new' },
    {
      ...{ kind: 'item', id: 'new-folder', label: 'New folder…', icon: FolderPlus, isDisabled: !canWrite },
      run: () => onDialog('folder'),
    },
    {
      ...{ kind: 'item', id: 'new-file', label: 'New text file…', icon: FilePlus2, isDisabled: !canWrite },
      run: () => onDialog('file'),
    },
    ...(canWrite ? onUpload : []),
    { kind: 'line', id: 'line-folder' },
  ];
  return [
    ...(mayWrite ? writing : []),
    { kind: 'item', id: 'zip', label: 'Download all as zip', icon: Download, run: acts.download },
    { kind: 'item', id: 'path', label: 'Copy path', icon: ClipboardCopy, run: acts.copyPath },
    { kind: 'item', id: 'again', label: 'Read again', icon: RefreshCw, run: () => folder.refresh() },
  ];
}

function ofChosen({ acts, folder, canWrite, mayWrite, onDialog }: FolderMenuDeps): MenuEntry[] {
  const chosen = acts.chosen();
  const [first] = chosen;
  const only = chosen.length === 1 ? first : undefined;
  const isDisabled = !canWrite;
  const reading: MenuEntry[] = [
    ...(only
      ? [
          {
            kind: 'item',
            id: 'open',
            label: 'Open',
            icon: FolderOpen,
            run: () => acts.openEntry(only.entry),
          } as const,
        ]
      : []),
    ...(only && !only.isFolder
      ? [{ kind: 'item', id: 'look', label: 'Quick look', icon: Eye, run: () => onDialog('look') } as const]
      : []),
    {
      ...{ kind: 'item', id: 'download', icon: Download, run: acts.download },
      label: only && !only.isFolder ? 'Download' : 'Download as zip',
    },
    { kind: 'line', id: 'line-hold' },
    { kind: 'item', id: 'copy', label: 'Copy', icon: Copy, keys: ['Ctrl', 'C'], run: () => acts.hold(false) },
  ];
  const writing: MenuEntry[] = [
    {
      ...{ kind: 'item', id: 'cut', label: 'Cut', icon: Scissors, keys: ['Ctrl', 'X'], isDisabled },
      run: () => acts.hold(true),
    },
    ...(only
      ? [
          {
            ...({
              kind: 'item',
              id: 'rename',
              label: 'Rename',
              icon: PencilLine,
              keys: ['F2'],
              isDisabled,
            } as const),
            run: () => folder.setRenaming(only.entry.name),
          },
        ]
      : []),
    {
      ...{ kind: 'item', id: 'permissions', label: 'Permissions…', icon: Shield, isDisabled },
      run: () => onDialog('permissions'),
    },
    { kind: 'line', id: 'line-delete' },
    {
      ...{ kind: 'item', id: 'delete', label: 'Delete…', icon: Trash2, keys: ['Del'], isDisabled },
      isDangerous: true,
      run: () => void acts.remove(),
    },
  ];
  return [
    ...reading,
    { kind: 'item', id: 'path', label: 'Copy path', icon: ClipboardCopy, run: acts.copyPath },
    ...(mayWrite ? writing : []),
  ];
}
