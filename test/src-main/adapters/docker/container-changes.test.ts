/** Which of the changed paths that an engine lists count. */
import { expect, test } from 'vitest';
import { countOwnChanges } from '#main/adapters/docker/container-changes.ts';

test.each([
  ['nothing', [], [], 0],
  ['a file and the folders above it', ['/etc', '/etc/apt', '/etc/apt/new.list'], [], 1],
  ['an empty folder', ['/opt', '/opt/empty'], [], 1],
  ['a name that begins like a folder', ['/opt/a', '/opt/a-b', '/opt/a-b/c'], [], 2],
  [
    'scratch and caches',
    ['/tmp', '/tmp/x', '/run', '/var', '/var/cache', '/var/cache/apt', '/tmpfile'],
    [],
    1,
  ],
  [
    'what is left out, what is in it, and what is above it',
    ['/home', '/home/dev', '/home/dev/x'],
    ['/home/dev'],
    0,
  ],
  ['a changed folder above what is left out', ['/home'], ['/home/dev/'], 0],
  ['its neighbour', ['/home', '/home/dev', '/home/developer'], ['/home/dev'], 1],
  ['the mount point of the engine’s init', ['/sbin', '/sbin/docker-init'], [], 0],
])('%s', (_what, paths, except, count) => {
  expect(countOwnChanges(paths, except)).toBe(count);
});
