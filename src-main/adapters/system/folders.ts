/**
 * Where Berth keeps its own files. Linux: XDG Base Directory Specification (a relative $XDG_DATA_HOME is invalid there
 * and ignored). macOS: Application Support. Windows: the local, not the roaming folder, since the secrets are sealed
 * under a key that does not roam. An override (`--data`, BERTH_DATA) wins everywhere.
 */
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';

export interface FolderFacts {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  /** An absolute path; undefined or empty: the platform's place. */
  readonly override?: string | undefined;
}

export function dataFolderOf({ platform, env, homeFolder, override }: FolderFacts): string {
  const path = platform === 'win32' ? win32 : posix;
  if (override !== undefined && override !== '') {
    if (!path.isAbsolute(override))
      throw new BerthError('invalid-input', 'The data folder must be given as an absolute path.', {
        details: { field: 'dataFolder' },
      });
    return path.normalize(override);
  }
  if (platform === 'win32') {
    const local = env.LOCALAPPDATA;
    return win32.join(local || win32.join(homeFolder, 'AppData', 'Local'), 'Berth');
  }
  if (platform === 'darwin') return posix.join(homeFolder, 'Library', 'Application Support', 'Berth');
  const xdg = env.XDG_DATA_HOME;
  const base = xdg !== undefined && posix.isAbsolute(xdg) ? xdg : posix.join(homeFolder, '.local', 'share');
  return posix.join(base, 'berth');
}

/**
 * Makes the folder (mode 0700) or takes it as it is and shuts it for others. Throws store.unwritable when it is not a
 * folder of this user: another's folder would let them read or replace what is in it.
 */
export async function ensureDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const facts = await lstat(folder);
    if (facts.isSymbolicLink() || !facts.isDirectory())
      throw new BerthError('store.unwritable', `${folder} is not a folder. Choose another data folder.`);
    const uid = process.getuid?.();
    if (uid !== undefined && facts.uid !== uid)
      throw new BerthError(
        'store.unwritable',
        `${folder} belongs to another user. Choose another data folder.`,
      );
    if (process.platform !== 'win32' && (facts.mode & 0o077) !== 0) await chmod(folder, 0o700);
  } catch (cause) {
    if (BerthError.is(cause)) throw cause;
    throw new BerthError('store.unwritable', `The data folder ${folder} cannot be made or used.`, { cause });
  }
}
