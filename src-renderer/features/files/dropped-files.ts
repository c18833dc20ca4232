/** Files and whole folders of this computer that a person dropped or chose, with their paths below what was chosen. */
import type { UploadSource } from './upload.ts';

/**
 * What was dropped. The browser forgets it when the event is over, so the entries are taken within it; what is in folders is
 * read after that, and a folder that cannot be read counts as empty.
 */
export function droppedSource(data: DataTransfer): Promise<UploadSource> {
  const entries = [...data.items].flatMap((item) => (item.kind === 'file' ? [item.webkitGetAsEntry()] : []));
  const plain = [...data.files];
  const known = entries.filter((entry) => entry !== null);
  if (known.length === 0)
    return Promise.resolve({ files: plain.map((file) => ({ path: file.name, file })), folders: [] });
  return readEntries(known);
}

async function readEntries(entries: readonly FileSystemEntry[]): Promise<UploadSource> {
  const files: { path: string; file: File }[] = [];
  const folders: string[] = [];
  const visit = async (entry: FileSystemEntry, above: string): Promise<void> => {
    const path = above === '' ? entry.name : `${above}/${entry.name}`;
    if (entry.isFile) {
      files.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
      return;
    }
    const inside = await entriesOf(entry as FileSystemDirectoryEntry).catch(() => []);
    if (inside.length === 0) folders.push(path);
    for (const one of inside) await visit(one, path);
  };
  for (const entry of entries) await visit(entry, '');
  return { files, folders };
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A reader hands over some hundred at a time, until it has none. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return all;
    all.push(...part);
  }
}

/** What was chosen in a file dialog; of a folder with its path in it. */
export function chosenSource(files: Iterable<File>): UploadSource {
  return {
    files: [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file })),
    folders: [],
  };
}
