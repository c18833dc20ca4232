import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { containerPtyCommand } from '#main/adapters/docker/container-pty.ts';

/** A client that listens for changes of size a moment after its start, as Docker's does; it ends with the first. */
const lateClient = `#!/bin/sh
sleep 0.2
trap 'printf "%s|" told "$@"; exit 0' WINCH
while :; do sleep 0.05; done
`;

test('the engine’s client is told of its size once more when it listens, and gets its words unchanged', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-pty-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const program = join(folder, 'docker');
  await writeFile(program, lateClient);
  await chmod(program, 0o755);
  const [shell, ...args] = containerPtyCommand(
    { containerId: 'c1', term: 'xterm-256color', shells: ['/bin/bash'], terminalId: 'term_1' },
    'open it',
    { program, socketPath: '/run/docker.sock' },
  );
  const { stdout } = await promisify(execFile)(shell, args, { timeout: 9_000 });
  expect(stdout.startsWith('told|-H|unix:///run/docker.sock|exec|-i|-t|')).toBe(true);
  expect(stdout.endsWith('c1|/bin/sh|-c|open it|berth|/bin/bash|')).toBe(true);
});
