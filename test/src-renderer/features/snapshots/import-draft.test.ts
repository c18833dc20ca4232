/** What is asked before an archive is taken in: the fields that are wrong, and the input that the plane takes. */
import { expect, it } from 'vitest';
import { SnapshotId } from '#contract/ids.ts';
import { contract } from '#contract/index.ts';
import {
  type ImportDraft,
  nameOfFile,
  newSnapshotId,
  readImport,
} from '#renderer/features/snapshots/import-draft.ts';

const id = 'snap_00000000000000000001';
const draft: ImportDraft = {
  file: { name: 'api.tar.zst', size: 12 },
  hostId: 'host_00000000000000000001',
  workspaceId: null,
  name: ' api ',
  isForeign: false,
  image: 'debian:12',
  mountPoint: '/home/dev',
};

it('gives what the contract takes; image and mount point only for an archive of others', () => {
  const own = readImport(draft, id);
  expect(own).toMatchObject({ input: { name: 'api', sizeBytes: 12, image: null, mountPoint: null } });
  const foreign = readImport({ ...draft, isForeign: true }, id);
  expect(foreign).toMatchObject({ input: { image: 'debian:12', mountPoint: '/home/dev' } });
  for (const read of [own, foreign])
    if ('input' in read) expect(contract['snapshots.import'].input.safeParse(read.input).success).toBe(true);
});

it('names every field that is wrong at once', () => {
  const read = readImport(
    { ...draft, file: null, hostId: null, name: ' ', isForeign: true, image: '', mountPoint: 'home' },
    id,
  );
  expect('errors' in read && Object.keys(read.errors).sort()).toEqual([
    'file',
    'hostId',
    'image',
    'mountPoint',
    'name',
  ]);
  expect(readImport({ ...draft, file: { name: 'x', size: 0 } }, id)).toEqual({
    errors: { file: 'must not be empty' },
  });
});

it('calls a snapshot after its file, and makes ids as the plane does', () => {
  expect(['a b.tar.zst', 'a.TZST', 'a.tar.gz', 'x'.repeat(90)].map(nameOfFile)).toEqual([
    'a b',
    'a',
    'a.tar.gz',
    'x'.repeat(80),
  ]);
  const made = newSnapshotId((bytes) => crypto.getRandomValues(bytes));
  expect(SnapshotId.safeParse(made).success).toBe(true);
  expect(newSnapshotId((bytes) => bytes.fill(255))).toBe(`snap_${'v'.repeat(20)}`);
});
