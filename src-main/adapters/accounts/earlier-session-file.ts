/** The sessions of before there were accounts: `sessions.json` in the data folder, hashes only. */
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { EarlierSessions } from '../../control-plane/interfaces/earlier-sessions.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';

const Records = z
  .array(
    z.object({
      id: z.string().regex(/^[0-9a-f]{64}$/),
      createdAtMs: z.number(),
      usedAtMs: z.number(),
    }),
  )
  .max(1000);

export function createEarlierSessions(dataFolder: string, log: Log): EarlierSessions {
  const path = join(dataFolder, 'sessions.json');
  return {
    async take() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
        await rm(path);
        await syncFolder(dataFolder);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
          log.warn('the sessions of before cannot be taken over: whoever was signed in signs in again', {
            path,
            cause,
          });
        return [];
      }
      try {
        const records = Records.parse(JSON.parse(text));
        return records.map(({ id, ...times }) => ({ tokenHash: id, ...times }));
      } catch {
        log.warn('the sessions of before were damaged: whoever was signed in signs in again', { path });
        return [];
      }
    },
  };
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const entry = await open(folder, 'r');
  try {
    await entry.sync();
  } finally {
    await entry.close();
  }
}
