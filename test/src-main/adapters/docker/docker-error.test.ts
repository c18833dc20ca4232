import { expect, test } from 'vitest';
import { engineAnswerError, engineTransportError, type Subject } from '#main/adapters/docker/docker-error.ts';

test.each<[Subject, number, string, string]>([
  ['create', 404, 'No such image: debian:12', 'image.not-found'],
  ['image', 404, 'no such image: x', 'image.not-found'],
  ['create', 400, 'Unknown runtime specified runsc', 'workspace.runtime-missing'],
  ['create', 400, 'unknown or invalid runtime name: kata', 'workspace.runtime-missing'],
  ['create', 409, 'Conflict. The container name "/a" is already in use by container "1".', 'conflict'],
  ['create', 500, 'failed to create: no space left on device', 'host.disk-full'],
  ['volume', 500, 'mkdir /var/lib/docker/volumes/x: disk quota exceeded', 'host.disk-full'],
  ['start', 404, 'No such container: a', 'not-found'],
  ['start', 400, 'OCI runtime create failed: container_linux.go: exec format error', 'image.wrong-platform'],
  [
    'start',
    400,
    'unable to find user nobodyhere: no matching entries in passwd file',
    'workspace.start-failed',
  ],
  [
    'start',
    500,
    'failed to create shim task: OCI runtime create failed: runc did not terminate',
    'workspace.start-failed',
  ],
  ['start', 500, 'exec: "docker-init": executable file not found in $PATH', 'workspace.start-failed'],
  ['exec', 409, 'Container 1 is not running', 'workspace.not-running'],
  ['exec', 409, 'Container 1 is paused, unpause the container before exec', 'workspace.not-running'],
  ['container', 409, 'Container 1 is already paused', 'conflict'],
  ['volume', 409, 'remove x: volume is in use - [1]', 'workspace.volume-in-use'],
  ['volume', 404, 'get x: no such volume', 'not-found'],
  ['network', 403, 'error while removing network: network x has active endpoints', 'conflict'],
  ['network', 409, 'network with name x already exists', 'conflict'],
  ['network', 500, 'could not find an available, non-overlapping IPv4 address pool', 'engine.failed'],
  ['engine', 403, 'authorization denied by plugin', 'engine.permission-denied'],
  ['engine', 503, 'This node is not ready', 'engine.unreachable'],
  ['engine', 500, '', 'engine.failed'],
])('%s, %i, %j', (subject, status, text, code) => {
  const error = engineAnswerError(subject, status, text, { name: 'x' });
  expect(error).toMatchObject({ code, details: { name: 'x', engineMessage: text } });
  // Never the engine's words alone: first what it means.
  expect(error.message.startsWith(text || '-')).toBe(false);
});

test.each([
  ['socket hang up', 'ECONNRESET', 'connection-lost'],
  ['aborted', '', 'connection-lost'],
  ['write EPIPE', 'EPIPE', 'connection-lost'],
  ['Parse Error: Expected HTTP/', 'HPE_INVALID_CONSTANT', 'engine.failed'],
  ['anything', 'EWEIRD', 'engine.failed'],
])('%s (%s) on the way is %s', (message, code, expected) => {
  const cause = Object.assign(new Error(message), code === '' ? {} : { code });
  expect(engineTransportError(cause)).toMatchObject({ code: expected, cause });
});
