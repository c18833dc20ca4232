/** What is asked before an archive is taken in, checked as far as a window can. Pure. */
import type { InputOf } from '#contract/index.ts';
import type { HostId, SnapshotId, WorkspaceId } from '#contract/ids.ts';

export interface ImportDraft {
  readonly file: { readonly name: string; readonly size: number } | null;
  readonly hostId: HostId | null;
  readonly workspaceId: WorkspaceId | null;
  readonly name: string;
  /** It was not made by Berth: it says nothing about the workspace that can be made of it. */
  readonly isForeign: boolean;
  readonly image: string;
  readonly mountPoint: string;
}

/** "api-server 2026-11-25" of "api-server 2026-11-25.tar.zst". */
export function nameOfFile(fileName: string): string {
  return fileName
    .replace(/\.(tar\.zst|tzst|tar\.zstd|zst)$/i, '')
    .trim()
    .slice(0, 80);
}

export function readImport(
  draft: ImportDraft,
  id: SnapshotId,
): { readonly input: InputOf<'snapshots.import'> } | { readonly errors: Readonly<Record<string, string>> } {
  const errors: Record<string, string> = {};
  const { file, hostId } = draft;
  if (file === null) errors.file = 'must be chosen';
  else if (file.size === 0) errors.file = 'must not be empty';
  if (hostId === null) errors.hostId = 'must be chosen';
  if (draft.name.trim() === '') errors.name = 'must not be empty';
  if (draft.isForeign && draft.image.trim() === '') errors.image = 'must not be empty';
  if (draft.isForeign && !draft.mountPoint.trim().startsWith('/'))
    errors.mountPoint = 'must be an absolute path as /home/dev';
  if (file === null || hostId === null || Object.keys(errors).length > 0) return { errors };
  return {
    input: {
      id,
      hostId,
      workspaceId: draft.workspaceId,
      name: draft.name.trim(),
      sizeBytes: file.size,
      image: draft.isForeign ? draft.image.trim() : null,
      mountPoint: draft.isForeign ? draft.mountPoint.trim() : null,
    },
  };
}

const letters = '0123456789abcdefghijklmnopqrstuvwxyz';

/** 20 letters, each of 32 kinds: 100 random bits, as the plane's own ids have. */
export function newSnapshotId(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): SnapshotId {
  const bytes = random(new Uint8Array(20));
  return `snap_${[...bytes].map((byte) => letters[byte % 32]).join('')}`;
}
