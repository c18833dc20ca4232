/** A look at a file without opening it: a picture, or the beginning of a text. Nothing of it runs. */
import { useEffect } from 'react';
import type { FileEntry, PlaceId } from '#contract/files.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import type { PlaneClient } from '../../state/api.ts';
import { useClient } from '../../state/app-context.tsx';
import { useAsked } from '../../state/use-asked.ts';
import { extensionOf, joinPath } from './path-words.ts';

/** Letters of a text that are shown: more of them is what the editor is for. */
const lookedLetters = 65_536;
/** Pictures that are read for a look. */
export const lookedBytes = 5 * 1024 * 1024;

const imageTypes: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  ico: 'image/x-icon',
  // As an image it runs no script and loads nothing.
  svg: 'image/svg+xml',
};

export function imageTypeOf({ name, sizeBytes }: Pick<FileEntry, 'name' | 'sizeBytes'>): string | null {
  const type = imageTypes[extensionOf(name)];
  return type === undefined || sizeBytes > lookedBytes ? null : type;
}

async function readImage(
  client: PlaneClient,
  at: { placeId: PlaceId; path: string },
  type: string,
): Promise<string> {
  const source = client.bytes('files.read', { ...at, offset: 0, ifVersion: null });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  source.onBytes((bytes, done) => {
    sizeBytes += bytes.byteLength;
    // It may have grown since it was listed.
    if (sizeBytes > lookedBytes) source.close();
    else parts.push(new Uint8Array(bytes));
    done();
  });
  await source.ended;
  return URL.createObjectURL(new Blob(parts, { type }));
}

export interface QuickLookProps {
  readonly placeId: PlaceId;
  readonly folder: string;
  readonly entry: FileEntry;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}

export function QuickLook({ placeId, folder, entry, onOpen, onClose }: QuickLookProps) {
  const client = useClient();
  const path = joinPath(folder, entry.name);
  const type = imageTypeOf(entry);
  const { answer, error } = useAsked(path, async () => {
    if (type !== null) return { image: await readImage(client, { placeId, path }, type), text: '' };
    return { image: null, text: (await client.call('files.readText', { placeId, path })).text };
  });
  const image = answer?.image ?? null;
  useEffect(() => {
    if (image !== null) return () => URL.revokeObjectURL(image);
  }, [image]);
  return (
    <Dialog
      isOpen
      width="wide"
      onClose={onClose}
      title={entry.name}
      description={formatBytes(entry.sizeBytes)}
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          {image === null && (
            <Button variant="primary" onClick={onOpen}>
              Open
            </Button>
          )}
        </>
      }
    >
      {error !== null && <ErrorNote title="It cannot be shown here" error={error} />}
      {answer === null && error === null && <LoadingRows label={`Reading ${entry.name}`} />}
      {image !== null && (
        <img src={image} alt={entry.name} className="mx-auto max-h-[52vh] max-w-full object-contain" />
      )}
      {answer !== null && image === null && (
        <section
          aria-label={`Text of ${entry.name}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          tabIndex={0}
          className="max-h-[52vh] overflow-auto rounded-md border border-line bg-app px-3 py-2"
        >
          <pre className="m-0 leading-normal whitespace-pre">{answer.text.slice(0, lookedLetters)}</pre>
          {answer.text.length > lookedLetters && (
            <p className="pt-2 text-meta text-muted">This is its beginning. Open it to see the rest.</p>
          )}
        </section>
      )}
    </Dialog>
  );
}
