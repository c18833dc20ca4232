/** What kind of thing an entry is, as a small picture and a word. */
import {
  Archive,
  File,
  FileImage,
  FileSymlink,
  FileText,
  Folder,
  FolderSymlink,
  type LucideIcon,
  Unlink,
  Workflow,
} from 'lucide-react';
import type { EntryLook } from './entry-order.ts';

const icons: Readonly<Record<EntryLook, LucideIcon>> = {
  folder: Folder,
  'folder-link': FolderSymlink,
  link: FileSymlink,
  'broken-link': Unlink,
  image: FileImage,
  archive: Archive,
  text: FileText,
  file: File,
  other: Workflow,
};

const words: Readonly<Record<EntryLook, string>> = {
  folder: 'folder',
  'folder-link': 'link to a folder',
  link: 'link',
  'broken-link': 'broken link',
  image: 'file',
  archive: 'file',
  text: 'file',
  file: 'file',
  other: 'special file',
};

export function EntryIcon({ look }: { look: EntryLook }) {
  const Icon = icons[look];
  const colour =
    look === 'broken-link' ? 'text-failed' : look.startsWith('folder') ? 'text-accent' : 'text-muted';
  return (
    <>
      <Icon aria-hidden size={15} strokeWidth={1.75} className={`shrink-0 ${colour}`} />
      <span className="sr-only">{words[look]} </span>
    </>
  );
}
