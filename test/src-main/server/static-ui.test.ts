/** One address to sign in at: the window's own page where it is built, and one that needs no build until then. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { staticUi } from '#main/server/static-ui.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-static-ui-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const textOf = async (path: string) => {
  const { status, body } = await staticUi(folder)(path);
  return { status, text: typeof body === 'string' ? body : Buffer.from(body).toString() };
};
const pages = ['/sign-in', '/register', '/verify', '/reset', '/invite', '/forgot'];

describe('the pages for who is not signed in', () => {
  it('are the window’s own where it is built', async () => {
    await writeFile(join(folder, 'index.html'), 'the window');
    for (const path of pages) expect(await textOf(path)).toEqual({ status: 200, text: 'the window' });
  });

  it('take a one-time link before that', async () => {
    const { status, text } = await textOf('/sign-in');
    expect(status).toBe(200);
    expect(text).toContain('<title>Sign in');
    expect((await textOf('/sign-in.js')).text).toContain('body: JSON.stringify({ ticket })');
    expect((await textOf('/register')).status).toBe(404);
  });
});
