/** The image of helpers is an archive that GNU tar reads as it was meant, named by what is in it. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { helperImage, withoutHelperImages } from '#main/adapters/docker/helper-image.ts';

const programs = {
  snapshotHelper: Buffer.from('print("hello")\n'),
  hostTools: Buffer.alloc(512, 0x23),
  dialRelay: Buffer.from('print("dial")\n'),
  fileAgent: Buffer.from('print("files")\n'),
};
const listed = (archive: Buffer) =>
  execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: archive })
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' ').replace(/1970\S* \S+ /, ''));

test('folders, links and programs', () => {
  const merged = listed(helperImage(programs, 'merged').archive);
  expect(merged).toEqual(
    expect.arrayContaining([
      'drwxr-xr-x 0/0 0 usr/',
      'drwxr-xr-x 0/0 0 sbin/',
      'lrwxrwxrwx 0/0 0 lib64 -> usr/lib64',
      '-r-xr-xr-x 0/0 15 berth/snapshot-helper.py',
      '-r-xr-xr-x 0/0 512 berth/host-tools.py',
    ]),
  );
  const split = listed(helperImage(programs, 'split').archive);
  expect(split).toEqual(expect.arrayContaining(['drwxr-xr-x 0/0 0 lib64/', 'drwxr-xr-x 0/0 0 bin/']));
  expect(split.join('\n')).not.toContain('->');
  const input = helperImage(programs, 'merged').archive;
  expect(execFileSync('tar', ['-xOf', '-', 'berth/snapshot-helper.py'], { input }).toString()).toBe(
    'print("hello")\n',
  );
});

test('the same content has the same name, other content another', () => {
  const { reference } = helperImage(programs, 'merged');
  expect(reference).toMatch(/^berth-helper:[0-9a-f]{16}$/);
  expect(helperImage({ ...programs }, 'merged').reference).toBe(reference);
  expect(helperImage(programs, 'split').reference).not.toBe(reference);
  expect(helperImage({ ...programs, hostTools: Buffer.alloc(1) }, 'merged').reference).not.toBe(reference);
});

test('people are not offered it', () => {
  const image = (...references: string[]) => ({ id: 'sha256:1', references, sizeBytes: 1, createdAt: null });
  const ours = 'berth-helper:0123456789abcdef';
  expect(withoutHelperImages(image(ours))).toEqual([]);
  expect(withoutHelperImages(image(`localhost/${ours}`))).toEqual([]);
  expect(withoutHelperImages(image(ours, 'mine:1'))).toEqual([image('mine:1')]);
  for (const other of [image(), image('berth-helper:mine'), image('me/berth-helper:0123456789abcdef')])
    expect(withoutHelperImages(other)).toEqual([other]);
});
