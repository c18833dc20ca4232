/** The data folder's own state: it is there, it is ours, and it is shut for others. Where it is, config.ts decides. */
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { BerthError } from '#contract/berth-error.ts';

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
