import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openInBrowser } from '#main/open-in-browser.ts';

const link = 'http://127.0.0.1:7474/sign-in#ticket-that-nobody-else-may-see';
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-open-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe.runIf(process.platform === 'linux')('openInBrowser', () => {
  it('shows the link through a private file, never through an argument', async () => {
    const opener = join(folder, 'xdg-open');
    await writeFile(opener, `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/arguments'\n`);
    await chmod(opener, 0o755);
    vi.stubEnv('DISPLAY', ':0');
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
    expect(openInBrowser(link, folder)).toBe(true);
    const shown = await vi.waitFor(
      async () => {
        const text = await readFile(join(folder, 'arguments'), 'utf8');
        expect(text.endsWith('\n')).toBe(true);
        return text.trim();
      },
      { timeout: 15_000 },
    );
    expect(shown).not.toContain('ticket');
    const file = fileURLToPath(shown);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain(`url=${link}"`);
  });

  it('says that there is nowhere to show it', () => {
    vi.stubEnv('DISPLAY', undefined);
    vi.stubEnv('WAYLAND_DISPLAY', undefined);
    expect(openInBrowser(link, folder)).toBe(false);
  });
});
