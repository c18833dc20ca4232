/** The command line at a real plane: one that runs, one that it starts itself, and one that cannot be had. */
import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeInstanceLock } from '#main/adapters/database/instance-lock.ts';
import { CommandPlane } from '#test/harness/command-plane.ts';
import { type ServedBerth, startServedBerth } from '#test/e2e/served-berth.ts';
import { endWithThisProcess } from '#test/servers/stop-process.ts';

const program = new URL('../../../src-main/headless.ts', import.meta.url).pathname;
let berth: ServedBerth;
beforeAll(async () => {
  berth = await startServedBerth();
});
afterAll(() => berth?.stop());

const run = (...words: string[]) => runIn(berth.dataFolder, ...words);

async function runIn(folder: string, ...words: string[]) {
  const child = spawn(process.execPath, [program, ...words, '--data-dir', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      HOME: berth.homeFolder,
    },
  });
  endWithThisProcess(child);
  const said = { text: '', error: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.text += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.error += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...said };
}

describe('a Berth that runs', () => {
  it('is asked, and nothing else is started', async () => {
    expect(await run('workspace', 'list')).toEqual({
      code: 0,
      text: 'There are no workspaces.\n',
      error: '',
    });
    expect(await run('workspace', 'list', '--json')).toEqual({ code: 0, text: '[]\n', error: '' });
  });

  it('fails with the thing and the remedy', async () => {
    expect(await run('workspace', 'move', 'x', 'atlas')).toMatchObject({
      code: 1,
      error: 'There is no host "atlas", nor any other. Add one: berth host add <address>\n',
    });
    expect(await run('workspace', 'list', 'x')).toMatchObject({ code: 2, text: '' });
    expect(await run('workspace', 'nope')).toMatchObject({
      code: 2,
      error: 'There is no command "workspace nope". These are there: berth help workspace.\n',
    });
  });

  it('is not served twice', async () => {
    expect(await run('serve')).toMatchObject({ code: 1, error: expect.stringContaining('berth link') });
  });
});

describe('without one', () => {
  beforeAll(async () => {
    await berth.kill();
  });

  it('starts one for as long as it takes, and leaves the folder free', async () => {
    expect(await run('workspace', 'list', '--json')).toEqual({ code: 0, text: '[]\n', error: '' });
    expect(await readdir(berth.dataFolder)).not.toContain('control.sock');
    expect((await stat(berth.dataFolder)).mode & 0o777).toBe(0o700);
  });

  it('shares it when two commands begin at once', async () => {
    const both = await Promise.all([
      run('workspace', 'list'),
      run('workspace', 'list'),
      run('workspace', 'list'),
    ]);
    expect(both).toEqual(
      Array.from({ length: 3 }, () => ({ code: 0, text: 'There are no workspaces.\n', error: '' })),
    );
  });

  it('says who holds the folder and does not answer', async () => {
    const lock = takeInstanceLock(berth.dataFolder, 1_000);
    try {
      const { code, error } = await run('workspace', 'list');
      expect(code).toBe(1);
      expect(error).toContain(`Another Berth (process ${process.pid}) holds ${berth.dataFolder}`);
    } finally {
      lock.release();
    }
  });

  it('makes no folder of one that was typed wrong', async () => {
    const nowhere = join(berth.homeFolder, 'nowhere');
    const { code, text } = await runIn(nowhere, 'workspace', 'list', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(text).error.message).toContain(`There is no data of a Berth at ${nowhere}`);
    await expect(stat(nowhere)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a Berth that nobody signs in to', () => {
  it('gives no link, and is not served beside', async () => {
    const plane = await CommandPlane.start();
    try {
      expect(await plane.run('link')).toMatchObject({
        code: 1,
        error: expect.stringContaining('desktop app'),
      });
      expect(await plane.run('serve')).toMatchObject({
        code: 1,
        error: expect.stringContaining('close it first'),
      });
    } finally {
      await plane.close();
    }
  });
});
