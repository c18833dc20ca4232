/** How the browser that this window runs in saves files: to the disk as they come, or as a download at the end. */
import { collectedBytes, type ByteSink, type SavePlace, TooLargeToCollect } from './byte-pump.ts';

/** The File System Access API, which TypeScript's DOM library does not describe. */
interface FilePickers {
  readonly showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
  readonly showDirectoryPicker?: (options: {
    mode: 'readwrite';
    id: string;
  }) => Promise<FileSystemDirectoryHandle>;
}

export type SavingWindow = FilePickers & {
  readonly download: (blob: Blob, name: string) => void;
};

export function savePlace(own: SavingWindow = browserWindow()): SavePlace {
  const { showSaveFilePicker, showDirectoryPicker, download } = own;
  const isCollecting = showSaveFilePicker === undefined || showDirectoryPicker === undefined;
  return {
    isCollecting,
    choose: async (names) => {
      if (showSaveFilePicker === undefined || showDirectoryPicker === undefined)
        return (name) => Promise.resolve(collectingSink(name, download));
      try {
        if (names.length === 1) {
          const file = await showSaveFilePicker({ suggestedName: names[0] ?? 'file' });
          return () => writable(file);
        }
        const folder = await showDirectoryPicker({ mode: 'readwrite', id: 'berth-save' });
        return async (name) =>
          writable(await folder.getFileHandle(await freeName(folder, name), { create: true }));
      } catch (cause) {
        if (cause instanceof DOMException && cause.name === 'AbortError') return null;
        throw cause;
      }
    },
  };
}

async function writable(file: FileSystemFileHandle): Promise<ByteSink> {
  const stream = await file.createWritable();
  return {
    // A copy: the bytes may be a view on a buffer of the carrier's.
    write: (bytes) => stream.write(new Uint8Array(bytes)),
    close: () => stream.close(),
    abort: () => stream.abort(),
  };
}

/** What is in the folder stays: "notes.txt", then "notes (2).txt". */
async function freeName(folder: FileSystemDirectoryHandle, name: string): Promise<string> {
  for (let n = 1; ; n += 1) {
    const wanted = n === 1 ? name : numbered(name, n);
    try {
      await folder.getFileHandle(wanted);
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === 'NotFoundError') return wanted;
      // A folder of that name is in the way.
      if (!(cause instanceof DOMException && cause.name === 'TypeMismatchError')) throw cause;
    }
  }
}

/** Names that Windows keeps for itself, whatever follows a dot. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** What a file of another computer is called on this one: no character that a file system here may refuse. */
export function safeFileName(name: string): string {
  const clean = name
    // oxlint-disable-next-line no-control-regex -- a name of a file may hold them, and one here must not
    .replaceAll(/[\u0000-\u001f<>:"/\\|?*]/g, '_')
    .replace(/[. ]+$/, '')
    .slice(0, 200);
  return clean === '' || reserved.test(clean) ? `_${clean}` : clean;
}

export function numbered(name: string, n: number): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? `${name.slice(0, dot)} (${n})${name.slice(dot)}` : `${name} (${n})`;
}

function collectingSink(name: string, download: SavingWindow['download']): ByteSink {
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  return {
    write: (bytes) => {
      sizeBytes += bytes.byteLength;
      if (sizeBytes > collectedBytes) return Promise.reject(new TooLargeToCollect(name));
      parts.push(new Uint8Array(bytes));
      return Promise.resolve();
    },
    close: () => {
      download(new Blob(parts, { type: 'application/octet-stream' }), name);
      parts = [];
      return Promise.resolve();
    },
    abort: () => {
      parts = [];
      return Promise.resolve();
    },
  };
}

function browserWindow(): SavingWindow {
  const { showSaveFilePicker, showDirectoryPicker } = window as unknown as FilePickers;
  return {
    ...(showSaveFilePicker ? { showSaveFilePicker: showSaveFilePicker.bind(window) } : {}),
    ...(showDirectoryPicker ? { showDirectoryPicker: showDirectoryPicker.bind(window) } : {}),
    download: (blob, name) => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      // The browser has taken the blob by then; at once it would find nothing.
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    },
  };
}
