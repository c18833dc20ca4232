/**
 * The first part of an app's host name, as `api-server-3000`: one workspace's one port. A DNS label (RFC 1035 §2.3.1) of at
 * most 51 characters, without two hyphens in a row, so that none is taken for an internationalised one (RFC 5891 §4.2.3.1).
 */
import type { Random } from '../interfaces/random.ts';

const maxSlugLength = 40;
/** Behind a name that somebody else's workspace has as well. Bytes, two characters each. */
const suffixBytes = 2;

/** A workspace's name in lower-case letters, digits and hyphens. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    // Accents stand behind their letters now.
    .replace(/\p{Mn}+/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, maxSlugLength)
    .replace(/-$/, '');
  return slug === '' ? 'workspace' : slug;
}

/** A label that nothing has. Kept by whoever asks, so that a new name of the workspace does not change it. */
export function freeLabel(
  wish: { readonly workspaceName: string; readonly port: number },
  isTaken: (label: string) => boolean,
  random: Pick<Random, 'bytes'>,
): string {
  const slug = slugOf(wish.workspaceName);
  for (let label = `${slug}-${wish.port}`; ; ) {
    if (!isTaken(label)) return label;
    label = `${slug}-${Buffer.from(random.bytes(suffixBytes)).toString('hex')}-${wish.port}`;
  }
}
