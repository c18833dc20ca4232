/** The command line where a person sits: a question, one line that is rewritten, Ctrl+C, and nothing raw on the screen. */
import { spawn } from '@lydell/node-pty';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CommandPlane,
  entryOf,
  hostId,
  hostOf,
  snapshotOf,
  workspaceOf,
} from '#test/harness/command-plane.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const program = new URL('../../../src-main/headless.ts', import.meta.url).pathname;
let plane: CommandPlane;
const open: { kill(): void }[] = [];

beforeEach(async () => {
  plane = await CommandPlane.start((self) => ({
    'snapshots.create': (input) => {
      self.note('snapshots.create', input);
      const operation = self.begin('snapshot.create', 'Make a snapshot', () =>
        self.snapshots.put(snapshotOf(9)),
      );
      return { snapshotId: snapshotOf(9).id, operation };
    },
    'snapshots.destroy': (input) => {
      self.note('snapshots.destroy', input);
      return self.begin('snapshot.destroy', 'Delete');
    },
    'snapshots.browse': () => ({ entries: [entryOf('f')], total: 1 }),
    'snapshots.read': async (_input, channel) => {
      await channel.send(Buffer.from('one\n\u001b[2Jtwo\u0007\n'));
    },
  }));
  plane.hosts.put(hostOf(1));
  plane.workspaces.put(workspaceOf(1));
  plane.snapshots.put(snapshotOf(1));
  const none = { problem: null, folder: null, usedBytes: null, freeBytes: null, totalBytes: null };
  plane.snapshotHosts.put({ id: hostId(1), state: 'ready', ...none });
});
afterEach(async () => {
  for (const one of open.splice(0)) one.kill();
  await plane.close();
});

function at(...words: string[]) {
  const terminal = spawn(process.execPath, [program, ...words, '--data-dir', plane.folder], {
    cols: 60,
    rows: 20,
    env: { PATH: process.env.PATH ?? '', HOME: plane.folder, TZ: 'UTC' },
  });
  open.push(terminal);
  let text = '';
  terminal.onData((chunk) => {
    text += chunk;
  });
  const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  return {
    ended,
    text: () => text,
    type: (keys: string) => terminal.write(keys),
    shows: (words: string) => waitUntil(() => text.includes(words), { what: `it shows ${words}` }),
  };
}

describe('at a terminal', () => {
  it('asks, and takes only a yes for one', async () => {
    for (const [answer, code, count] of [
      ['\r', 1, 0],
      ['nope\r', 1, 0],
      ['y\r', 0, 1],
    ] as const) {
      const { ended, type, shows, text } = at('snapshot', 'delete', 'ws1', 's1');
      await shows('Delete it? [y/N]');
      type(answer);
      expect([answer, await ended]).toEqual([answer, code]);
      expect(plane.asked).toHaveLength(count);
      if (code === 1) expect(text()).toContain('Nothing was changed.');
    }
  });

  it.each([
    ['Ctrl+C', '\u0003'],
    ['Ctrl+D', '\u0004'],
  ])('takes %s for a no', async (_name, key) => {
    const { ended, type, shows, text } = at('snapshot', 'delete', 'ws1', 's1');
    await shows('Delete it? [y/N]');
    type(key);
    expect(await ended).toBe(1);
    expect(text()).toContain('Nothing was changed.');
    expect(plane.asked).toEqual([]);
  });

  it('rewrites one line while it works, and leaves the result alone', async () => {
    const { ended, text } = at('snapshot', 'create', 'ws1');
    expect(await ended).toBe(0);
    expect(text()).toContain('\r\u001b[2K[1/1] Reading files: 50 %, 2.0 MiB of 4.0 MiB');
    expect(text().split('\r\u001b[2K').at(-1)).toMatch(
      /^Made "s9" \(2026-01-09 00:00\), 1\.5 MiB: snap_0+9\r\n$/,
    );
  });

  it('cancels the operation at Ctrl+C', async () => {
    plane.nextEnd = 'never';
    const { ended, type, shows } = at('snapshot', 'create', 'ws1');
    await shows('[1/1] Reading files');
    type('\u0003');
    expect(await ended).toBe(1);
    await shows('Make a snapshot: cancelled, and taken back.');
  });

  it('shows a file as text that cannot steer the terminal, and no archive at all', async () => {
    const file = at('snapshot', 'get', 'ws1', 's1', 'f', '-o', '-');
    expect(await file.ended).toBe(0);
    expect(file.text()).toContain('one\r\n\\x1b[2Jtwo\\x07\r\n');
    const archive = at('snapshot', 'export', 'ws1', 's1', '-o', '-');
    expect(await archive.ended).toBe(2);
    expect(archive.text()).toContain('Send it into a pipe');
  });
});
