/** The session file of before there were accounts is taken once, whatever is in it. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createEarlierSessions } from '#main/adapters/accounts/earlier-session-file.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-earlier-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function take() {
  const log = new MemoryLog();
  const sessions = await createEarlierSessions(folder, log).take();
  return { sessions, warnings: log.messages('warn').length, left: await readdir(folder) };
}

it('gives what was there, and the file is gone', async () => {
  const hash = 'ab'.repeat(32);
  await writeFile(join(folder, 'sessions.json'), JSON.stringify([{ id: hash, createdAtMs: 1, usedAtMs: 2 }]));
  expect(await take()).toEqual({
    sessions: [{ tokenHash: hash, createdAtMs: 1, usedAtMs: 2 }],
    warnings: 0,
    left: [],
  });
  expect(await take()).toEqual({ sessions: [], warnings: 0, left: [] });
});

it('gives nothing of a file that is damaged, and says so', async () => {
  for (const text of ['', '{}', '[{"id":"../x","createdAtMs":1,"usedAtMs":2}]']) {
    await writeFile(join(folder, 'sessions.json'), text);
    expect(await take()).toEqual({ sessions: [], warnings: 1, left: [] });
  }
});

it('gives nothing of what it cannot remove: a session that was ended must not come back', async () => {
  await mkdir(join(folder, 'sessions.json'));
  expect(await take()).toEqual({ sessions: [], warnings: 1, left: ['sessions.json'] });
});
