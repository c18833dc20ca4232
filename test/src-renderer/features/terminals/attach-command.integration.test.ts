/**
 * The copied command, run as it stands by a person's own shell with OpenSSH's own client: it joins the very session that
 * Berth shows, sees the same screen, types into it, and leaves it running.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IPty, spawn } from '@lydell/node-pty';
import { Terminal as HeadlessTerminal } from '@xterm/headless';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import { attachCommandOf } from '#renderer/features/terminals/attach-command.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

const size = { cols: 100, rows: 30 };
let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let folder: string;

beforeAll(async () => {
  remote = await startRemoteHost();
  plane = await startPlane();
  host = await plane.addHost(remote);
  folder = await mkdtemp(join(tmpdir(), 'berth-attach-'));
  // What a person's own ~/.ssh would hold.
  await writeFile(join(folder, 'known_hosts'), `${remote.address} ${remote.hostKeyPublic}\n`);
  await writeFile(
    join(folder, 'config'),
    `IdentityFile ${remote.clientKeyPath}\nIdentitiesOnly yes\nUserKnownHostsFile ${folder}/known_hosts\nStrictHostKeyChecking yes\nLogLevel ERROR\n`,
  );
  await writeFile(join(folder, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${folder}/config "$@"\n`, {
    mode: 0o755,
  });
});
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** What somebody sees who gets these bytes. */
class Screen {
  readonly #terminal = new HeadlessTerminal({ ...size, allowProposedApi: true });
  write(data: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(data, resolve));
  }
  get rows(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: size.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
    );
  }
  get text(): string {
    return this.rows.join('\n');
  }
}

function runInOwnShell(command: string) {
  const screen = new Screen();
  const pty: IPty = spawn('/bin/bash', ['-c', command], {
    ...size,
    name: 'xterm-256color',
    cwd: folder,
    env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder, TERM: 'xterm-256color', LANG: 'C.UTF-8' },
  });
  pty.onData((data) => void screen.write(data));
  const ended = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)));
  return { screen, pty, ended };
}

const shows = (screen: Screen, text: string) =>
  vi.waitFor(() => expect(screen.text).toContain(text), { timeout: 20_000, interval: 50 });

describe('the attach command of a terminal', () => {
  it('joins its session from another SSH client, with the same screen and the same shell', async () => {
    const terminal = await plane.client.call('terminals.open', {
      target: { kind: 'host', hostId: host.id },
      size,
      name: null,
    });
    expect(terminal.lifetime).toBe('multiplexer');
    const shell = plane.attach(terminal.id);
    await shell.shows(/[$#] /);
    shell.type("printf '\\033[31mred\\033[0m äöü 漢字\\n'; seq 1 5; own=sec''ret\n");
    await shell.shows('5\r\n');

    const command = attachCommandOf(terminal, host);
    expect(command).toContain(`ssh -t root@${remote.address} `);
    const other = runInOwnShell(String(command));
    await shows(other.screen, 'red äöü 漢字');
    const late = async () => {
      const reader = plane.attach(terminal.id);
      await reader.shows('red');
      const screen = new Screen();
      await screen.write(reader.text);
      reader.stream.close();
      return screen.rows;
    };
    await vi.waitFor(async () => expect(other.screen.rows).toEqual(await late()), { timeout: 20_000 });

    other.pty.write('echo "of there: $own"\r');
    await shell.shows('of there: secret');
    shell.type('echo "of here: $own"\n');
    await shows(other.screen, 'of here: secret');
    await vi.waitFor(async () => expect(other.screen.rows).toEqual(await late()), { timeout: 20_000 });

    // Ctrl+B, then D.
    other.pty.write('\x02d');
    expect(await other.ended).toBe(0);
    shell.type('echo "still $own"\n');
    await shell.shows('still secret');
    await plane.client.call('terminals.close', { id: terminal.id });
  });

  it('says that the session is gone once the terminal was closed', async () => {
    const terminal = await plane.client.call('terminals.open', {
      target: { kind: 'host', hostId: host.id },
      size,
      name: null,
    });
    await plane.client.call('terminals.close', { id: terminal.id });
    const other = runInOwnShell(String(attachCommandOf(terminal, host)));
    expect(await other.ended).not.toBe(0);
  });
});
