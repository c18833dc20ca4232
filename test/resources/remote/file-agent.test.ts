/** What a copy gives to a file besides its content, as the program that does it on a host is asked for it. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChecked } from '../../servers/run-process.ts';

const agent = fileURLToPath(new URL('../../../resources/remote/file-agent.py', import.meta.url));
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-agent-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('leaves a read-only copy read-only, also where a try before it was ended while it was writable', async () => {
  for (const [name, mode] of [
    ['as-it-was', 0o444],
    ['broken-off', 0o644],
  ] as const)
    writeFileSync(join(folder, name), 'x', { mode });
  const attributes = ['as-it-was', 'broken-off'].map((name) => ({ name, attributes: {}, mode: 0o444 }));
  const said = await runChecked(['/usr/bin/python3', agent, '--alone', 'giveExtras'], {
    input: JSON.stringify({ path: folder, links: [], attributes }),
  });
  expect(JSON.parse(said)).toEqual({ unlinked: [], bare: [] });
  for (const { name } of attributes) expect(statSync(join(folder, name)).mode & 0o7777).toBe(0o444);
});
