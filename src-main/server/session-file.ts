/** Sessions in one file of the data folder: hashes only, mode 0600, replaced as a whole. */
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Log } from '../control-plane/interfaces/log.ts';
import type { SessionStore } from './authenticate.ts';

const Records = z
  .array(
    z.object({
      id: z.string().regex(/^[0-9a-f]{64}$/),
      createdAtMs: z.number(),
      usedAtMs: z.number(),
    }),
  )
  .max(1000);

export function sessionFile(dataFolder: string, log: Log): SessionStore {
  const path = join(dataFolder, 'sessions.json');
  return {
    async load() {
      try {
        return Records.parse(JSON.parse(await readFile(path, 'utf8')));
      } catch (error) {
        const isFirstStart = (error as NodeJS.ErrnoException).code === 'ENOENT';
        if (!isFirstStart) log.warn('The sessions could not be read: everybody signs in again', { path });
        return [];
      }
    },
    async save(records) {
      const next = `${path}.new`;
      try {
        await writeFile(next, JSON.stringify(records), { mode: 0o600 });
        // A file left by a crash keeps the mode that it had.
        await chmod(next, 0o600);
        await rename(next, path);
      } catch (error) {
        log.warn('The sessions could not be written: a restart will ask for a sign-in', {
          path,
          cause: error,
        });
      }
    },
  };
}
