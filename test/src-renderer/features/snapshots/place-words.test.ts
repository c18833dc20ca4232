/** A place as it is typed becomes the contract's, or says at which field it does not; in one line it holds no secret. */
import { expect, it } from 'vitest';
import type { RepositoryPlace } from '#contract/repositories.ts';
import { newPlace, placeWords, readPlace } from '#renderer/features/snapshots/place-words.ts';

it('reads each kind from its own fields', () => {
  expect(readPlace({ ...newPlace, path: ' /mnt/backup ' })).toEqual({
    place: { kind: 'folder', path: '/mnt/backup' },
  });
  const sftp = {
    ...newPlace,
    ...({
      kind: 'sftp',
      user: 'backup',
      host: 'nas.example',
      port: '2222',
      path: 'berth',
      url: 'x',
    } as const),
    hostKey: 'nas.example ssh-ed25519 AAAA',
  };
  expect(readPlace(sftp)).toEqual({
    place: {
      ...{ kind: 'sftp', user: 'backup', host: 'nas.example', port: 2222, path: 'berth' },
      hostKey: 'nas.example ssh-ed25519 AAAA',
    },
  });
  const s3 = { ...newPlace, kind: 's3', endpoint: 'https://fra1.example', bucket: 'berth' } as const;
  expect(readPlace(s3)).toMatchObject({ place: { kind: 's3', prefix: '', region: '' } });
});

it('names the field and the rule', () => {
  expect(readPlace({ ...newPlace, path: 'backup' })).toEqual({
    errors: { 'place.path': 'must be an absolute path on the host' },
  });
  expect(readPlace({ ...newPlace, kind: 'sftp', port: '22x' })).toMatchObject({
    errors: {
      'place.port': 'must be a port, 1 to 65535',
      'place.user': 'must be a user name',
      'place.hostKey': 'must be a line of known_hosts',
    },
  });
  expect(readPlace({ ...newPlace, kind: 'rest', url: 'https://me:secret@backup.example' })).toMatchObject({
    errors: { 'place.url': expect.stringContaining('without a password') as string },
  });
});

it('says a place in one line', () => {
  const places: RepositoryPlace[] = [
    { kind: 'folder', path: '/mnt/backup' },
    { kind: 'sftp', user: 'me', host: 'nas', port: 22, path: '/berth', hostKey: 'x' },
    { kind: 'sftp', user: 'me', host: 'nas', port: 2222, path: 'berth', hostKey: 'x' },
    { kind: 'rest', url: 'https://backup.example/me', user: 'me' },
    {
      kind: 's3',
      ...{ endpoint: 'https://fra1.example/', bucket: 'berth' },
      ...{ prefix: 'api', region: '', accessKeyId: 'AK' },
    },
  ];
  expect(places.map(placeWords)).toEqual([
    '/mnt/backup',
    'sftp://me@nas/berth',
    'sftp://me@nas:2222/berth',
    'https://backup.example/me',
    'https://fra1.example/berth/api',
  ]);
});
