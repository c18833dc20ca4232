/** Keys for repetition through a whole plane with its real database: a restart between the two requests changes nothing. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { projectDefaults } from '#contract/projects.ts';
import { ServedPlane } from '#test/harness/served-plane.ts';

it('answers a request with its key after a restart as before it, and keeps no secret for that', async () => {
  const first = await ServedPlane.start();
  const headers = { 'idempotency-key': 'b7e0c1f4-restart' };
  const post = (served: ServedPlane, path: string, body: unknown, key = headers) =>
    served.ask({ method: 'POST', path, headers: key, body: JSON.stringify(body) });
  const project = { ...projectDefaults, environment: [], name: 'once', image: 'debian:12' };
  const vault = { passphrase: 'a passphrase canary-77' };
  try {
    const made = await post(first, '/v1/projects', project);
    expect(made.status).toBe(201);
    const vaultKey = { 'idempotency-key': 'b7e0c1f4-vault' };
    expect((await post(first, '/v1/credential-store/vault', vault, vaultKey)).status).toBe(200);
    await first.stop();

    const second = await ServedPlane.start(first.folder);
    try {
      const again = await post(second, '/v1/projects', project);
      expect([again.status, again.text, again.headers['idempotency-replayed']]).toEqual([
        201,
        made.text,
        'true',
      ]);
      const { items } = await second.json<{ items: unknown[] }>('GET', '/v1/projects');
      expect(items).toHaveLength(1);
    } finally {
      await second.stop();
    }
    const data = join(first.folder, 'data');
    for (const name of await readdir(data)) {
      const content = await readFile(join(data, name)).catch(() => Buffer.alloc(0));
      expect(content.includes('canary-77'), name).toBe(false);
      expect(content.includes('b7e0c1f4'), name).toBe(false);
    }
  } finally {
    await rm(first.folder, { recursive: true, force: true });
  }
});
