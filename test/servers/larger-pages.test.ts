import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseLargerPages } from './larger-pages.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-pages-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const set = async (folder: string, line: string) => {
  await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, folder, 'enabled'), line);
};
const get = (folder: string) => readFile(join(root, folder, 'enabled'), 'utf8');

describe('chooseLargerPages', () => {
  it('chooses them, and puts back what was chosen', async () => {
    await set('.', 'always [madvise] never\n');
    await set('hugepages-64kB', 'always inherit madvise [never]\n');
    const putBack = chooseLargerPages(root);
    expect([await get('.'), await get('hugepages-64kB')]).toEqual(['always', 'always']);
    putBack();
    expect([await get('.'), await get('hugepages-64kB')]).toEqual(['madvise', 'never']);
  });

  it('leaves alone what is chosen already, and what it does not understand', async () => {
    await set('.', '[always] madvise never\n');
    await set('hugepages-64kB', 'something else\n');
    chooseLargerPages(root)();
    expect([await get('.'), await get('hugepages-64kB')]).toEqual([
      '[always] madvise never\n',
      'something else\n',
    ]);
  });

  it('goes without where there is no such setting', () => {
    expect(() => chooseLargerPages(join(root, 'nothing'))()).not.toThrow();
  });
});
