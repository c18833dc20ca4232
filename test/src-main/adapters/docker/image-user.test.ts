import { expect, test } from 'vitest';
import { chooseUser } from '#main/adapters/docker/image-user.ts';

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  'toor:x:0:0:second root:/root:/bin/sh',
  'dev:x:1000:1000:Dev:/home/dev:/bin/bash',
  'app:x:1001:33::/srv/app:/bin/false',
  'broken',
  '',
].join('\n');
const group = 'root:x:0:\nstaff:x:50:dev\n';

test.each([
  ['standard', '', '1000:1000', 1000, 1000, '/home/dev'],
  ['standard', 'root', '1000:1000', 1000, 1000, '/home/dev'],
  ['standard', '0', '1000:1000', 1000, 1000, '/home/dev'],
  ['standard', '0:0', '1000:1000', 1000, 1000, '/home/dev'],
  ['standard', '00', '1000:1000', 1000, 1000, '/home/dev'],
  ['standard', 'root:staff', '1000:1000', 1000, 1000, '/home/dev'],
  ['standard', 'toor', '1000:1000', 1000, 1000, '/home/dev'],
  ['locked', 'toor', '1000:1000', 1000, 1000, '/home/dev'],
  ['standard', 'dev', 'dev', 1000, 1000, '/home/dev'],
  ['standard', 'app', 'app', 1001, 33, '/srv/app'],
  ['standard', 'app:staff', 'app:staff', 1001, 50, '/srv/app'],
  ['standard', '1001', '1001', 1001, 33, '/srv/app'],
  ['standard', '4242', '4242', 4242, 0, null],
  ['standard', '4242:7', '4242:7', 4242, 7, null],
  ['standard', 'stranger', 'stranger', undefined, undefined, null],
  ['root-inside', 'dev', '0:0', 0, 0, '/root'],
] as const)('%s with user %j runs as %s', (profile, user, expected, uid, gid, home) => {
  expect(chooseUser(profile, { user, passwd, group })).toEqual({ user: expected, uid, gid, home });
});

test('an image without passwd', () => {
  expect(chooseUser('standard', { user: '', passwd: '', group: '' })).toEqual({
    user: '1000:1000',
    uid: 1000,
    gid: 1000,
    home: null,
  });
});
