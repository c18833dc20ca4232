/**
 * What a helper is given to work on a repository: a mount where it is a folder, the host's network where it is not, and one
 * line on its standard input with the place and the secrets. Nothing of that is in its arguments or its environment.
 */
import type { RepositoryPlace } from '#contract/repositories.ts';
import type { SnapshotRecord } from './manifest.ts';
import type { HelperMount, HelperSpec } from '../interfaces/helper-container.ts';

export interface RepositoryAccess {
  readonly place: RepositoryPlace;
  /** First line of the helper's input. */
  readonly input: Uint8Array;
}

/** Finds a repository and its secrets. Throws credential.* and not-found. */
export type AccessSource = (repositoryId: string) => Promise<RepositoryAccess>;

/** Undefined for a snapshot that is an archive on its host. */
export async function accessOf(
  { manifest }: Pick<SnapshotRecord, 'manifest'>,
  source: AccessSource,
): Promise<RepositoryAccess | undefined> {
  const { repositoryId } = manifest.about;
  return repositoryId === null ? undefined : await source(repositoryId);
}

export function accessLine(
  place: RepositoryPlace,
  secrets: { key: string; secret: string | null },
): Uint8Array {
  return Buffer.from(`${JSON.stringify({ place, ...secrets })}\n`);
}

/** The same helper with the repository within reach. */
export function withAccess(spec: HelperSpec, access: RepositoryAccess | undefined): HelperSpec {
  if (access === undefined) return spec;
  const { place } = access;
  const args = [...spec.args, '--repository'];
  if (place.kind === 'folder')
    return {
      ...spec,
      args,
      mounts: [
        ...spec.mounts,
        { kind: 'folder', source: place.path, target: '/repository', isReadOnly: false, mayCreate: true },
      ],
      // A folder that was there may be anybody's.
      capabilities: [...new Set([...spec.capabilities, 'DAC_OVERRIDE'])],
    };
  return {
    ...spec,
    args,
    // restic keeps what it knows of a repository far away in the store, also while it only reads.
    mounts: [
      ...spec.mounts.map((mount) => (mount.target === '/store' ? { ...mount, isReadOnly: false } : mount)),
      ...(isEncrypted(place) ? [HOST_CERTIFICATES] : []),
    ],
    network: 'host',
  };
}

/** The authorities that the host trusts. */
const HOST_CERTIFICATES: HelperMount = {
  kind: 'folder',
  source: '/etc/ssl',
  target: '/etc/ssl',
  isReadOnly: true,
};

function isEncrypted(place: RepositoryPlace): boolean {
  switch (place.kind) {
    case 'rest':
      return place.url.startsWith('https:');
    case 's3':
      return place.endpoint.startsWith('https:');
    case 'sftp':
    case 'folder':
      return false;
    default:
      return place satisfies never;
  }
}
