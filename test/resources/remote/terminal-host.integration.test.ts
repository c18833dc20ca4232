/** The way to a host's terminals, as a real tmux has it: what a client that goes leaves, and leaves alone. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureRequirements } from '#test/servers/requirements.ts';
import { endWithThisProcess } from '#test/servers/stop-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const script = readFileSync(
  fileURLToPath(new URL('../../../resources/remote/terminal-host.sh', import.meta.url)),
  'utf8',
);
let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  await ensureRequirements(['terminals']);
  folder = mkdtempSync(join(tmpdir(), 'berth-terminal-host-'));
  env = { ...process.env, HOME: folder, XDG_STATE_HOME: join(folder, 'state'), TMUX_TMPDIR: folder };
});
afterEach(() => {
  try {
    tmux('kill-server');
  } catch {
    // It has ended by itself.
  }
  rmSync(folder, { recursive: true, force: true });
});

const tmux = (...args: string[]) =>
  execFileSync('tmux', ['-L', 'berth', ...args], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const sessions = () => tmux('list-sessions', '-F', '#{session_name}').trim().split('\n');

/** As Berth starts it, through its script; there when tmux has said its first word. */
async function startClient() {
  const client = spawn('sh', ['-c', script, 'terminal-host', 'the recorder'], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  endWithThisProcess(client);
  let printed = '';
  client.stdout.on('data', (bytes: Buffer) => {
    printed += bytes.toString();
  });
  await waitUntil(() => /^%end /m.test(printed), { what: 'tmux answers' });
  return client;
}

/** BusyBox's, as far as it matters here. */
const plainTail = '#!/bin/sh\ncase $1 in --pid*) exit 1 ;; esac\nexec /usr/bin/tail "$@"\n';

describe.each(['that waits for a process', 'that does not'])('with a tail %s', (kind) => {
  beforeEach(() => {
    if (kind === 'that waits for a process') return;
    const programs = join(folder, 'programs');
    mkdirSync(programs);
    writeFileSync(join(programs, 'tail'), plainTail, { mode: 0o755 });
    env.PATH = `${programs}:${env.PATH}`;
  });

  it('leaves every terminal alone when it ends with words that nobody reads', async () => {
    const client = await startClient();
    tmux('new-session', '-d', '-s', 'kept', 'exec tail -f /dev/null');
    client.stdout.pause();
    // More than a pipe holds: the rest waits in tmux.
    client.stdin.end('list-keys\n'.repeat(200));
    await waitUntil(() => tmux('list-clients', '-F', '#{client_flags}') !== '', {
      what: 'it is still there',
    });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(sessions()).toContain('kept');
    client.kill('SIGKILL');
    await waitUntil(() => sessions().join() === 'kept', { what: 'only the terminal is left' });
  });

  it('ends its own session, and with the last one the server, when its line is cut', async () => {
    const client = await startClient();
    expect(sessions()).toEqual([expect.stringMatching(/^berth-hold-\d+$/)]);
    client.kill('SIGKILL');
    await waitUntil(
      () => {
        try {
          return sessions().length === 0;
        } catch {
          return true;
        }
      },
      { what: 'nothing of it is left' },
    );
  });
});
