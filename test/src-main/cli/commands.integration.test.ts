/**
 * Every command for real: the command line through the socket, at a plane that knows snapshots; in a process of its own where
 * that makes a difference: exit codes, signals, files and pipes.
 */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { KeepPlan } from '#contract/snapshot-rules.ts';
import type { SnapshotComparison } from '#contract/snapshots.ts';
import {
  CommandPlane,
  entryOf,
  hostId,
  hostOf,
  snapshotId,
  snapshotOf,
  workspaceId,
  workspaceOf,
} from '#test/harness/command-plane.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

let plane: CommandPlane;
/** What an import brought. */
let imported = 0;

const comparison: SnapshotComparison = {
  added: 1,
  removed: 2,
  changed: 1,
  addedBytes: 5,
  removedBytes: 10,
  isByContent: true,
  changes: [
    { path: 'new', change: 'added', what: [], before: null, after: entryOf('new') },
    { path: 'a', change: 'changed', what: ['content', 'mode'], before: entryOf('a'), after: entryOf('a') },
  ],
  isTruncated: true,
};
const keepPlan: KeepPlan = {
  keeps: [{ id: snapshotId(3), reasons: ['last'] }],
  destroys: [snapshotId(1), snapshotId(2)],
  freesBytes: 3_145_728,
};
const bigFile = Buffer.alloc(3_000_000, 'b');

beforeEach(async () => {
  imported = 0;
  plane = await CommandPlane.start((self) => ({
    'snapshots.create': (input) => {
      self.note('snapshots.create', input);
      if (input.name === 'taken')
        throw new BerthError('snapshot.name-taken', 'Another one is called "taken".');
      const done = () =>
        self.snapshots.put(snapshotOf(9, { name: input.name, workspaceId: input.workspaceId }));
      return { snapshotId: snapshotId(9), operation: self.begin('snapshot.create', 'Make a snapshot', done) };
    },
    'snapshots.restorePlan': ({ id }) => ({
      workspaceName: 'ws1',
      hostName: 'host 1',
      snapshotLabel: id,
      isRunning: true,
      openTerminals: 2,
      comparison,
      changesOutside: 5,
      mountPoint: '/data',
      makesSafetySnapshot: true,
      needsBytes: 1024,
      freeBytes: 1_048_576,
      undoUntil: '2026-02-01T00:00:00.000Z',
    }),
    'snapshots.restore': (input) => {
      self.note('snapshots.restore', input);
      return self.begin('snapshot.restore', 'Restore');
    },
    'snapshots.undoRestore': (input) => {
      self.note('snapshots.undoRestore', input);
      return self.begin('snapshot.undo-restore', 'Undo');
    },
    'snapshots.verify': (input) => {
      self.note('snapshots.verify', input);
      return self.begin('snapshot.verify', 'Verify');
    },
    'snapshots.destroy': (input) => {
      self.note('snapshots.destroy', input);
      return self.begin('snapshot.destroy', 'Delete');
    },
    'snapshots.change': ({ id, isPinned }) => {
      self.note('snapshots.change', { id, isPinned });
      return snapshotOf(1, { id, isPinned: isPinned ?? false });
    },
    'snapshots.compare': (input) => {
      self.note('snapshots.compare', input);
      return comparison;
    },
    'snapshots.search': (input) => {
      self.note('snapshots.search', input);
      return {
        hits: [{ path: 'src/main.c', found: [{ snapshotId: snapshotId(1), entry: entryOf('src/main.c') }] }],
        isTruncated: false,
        notSearched: 1,
      };
    },
    'snapshots.browse': ({ path, offset, limit }) => {
      const all =
        path === '.'
          ? [entryOf('src', { kind: 'folder', mode: 0o755 }), entryOf('big'), entryOf('evil\u001b[2J')]
          : Array.from({ length: 1500 }, (_, n) => entryOf(`src/f${n}`));
      return { entries: all.slice(offset, offset + limit), total: all.length };
    },
    'snapshots.read': async ({ path }, channel) => {
      const bytes = path === 'big' ? bigFile : Buffer.from('\u001b]0;x\u0007text\n');
      for (let at = 0; at < bytes.length; at += 65_536) await channel.send(bytes.subarray(at, at + 65_536));
    },
    'snapshots.export': async (_input, channel) => {
      await channel.send(bigFile.subarray(0, 100_000));
      if (self.nextEnd === 'failed') throw new BerthError('snapshot.corrupt', 'The archive is damaged.');
      if (self.nextEnd === 'never') await new Promise(() => undefined);
    },
    'snapshots.import': async (input, channel) => {
      self.note('snapshots.import', input);
      const whole = Promise.withResolvers<void>();
      channel.onReceive((bytes) => {
        imported += bytes.byteLength;
        if (imported >= input.sizeBytes) whole.resolve();
      });
      await whole.promise;
    },
    'snapshots.putBack': (input) => {
      self.note('snapshots.putBack', input);
      return self.begin('snapshot.put-back', 'Put back');
    },
    'snapshotRules.set': (input) => {
      self.note('snapshotRules.set', input);
      return {
        schedule: '0 3 * * *',
        timeZone: 'UTC',
        quietHours: null,
        consistency: 'paused',
        beforeCommand: null,
        afterCommand: null,
        repositoryId: null,
        keep: { last: 5, hourly: 0, daily: 7, weekly: 0, monthly: 0 },
        nextAt: '2026-01-02T03:00:00.000Z',
        lastAt: null,
        problem: null,
        id: input.id,
      };
    },
    'snapshotRules.keepPlan': () => keepPlan,
    'snapshotRules.apply': (input) => {
      self.note('snapshotRules.apply', input);
      return self.begin('snapshot.destroy', 'Delete');
    },
    'workspaces.fork': (input) => {
      self.note('workspaces.fork', input);
      const workspace = workspaceOf(7, { name: input.name });
      return { workspace, operation: self.begin('workspace.create', 'Make a workspace') };
    },
    'workspaces.move': (input) => {
      self.note('workspaces.move', input);
      return self.begin('workspace.move', 'Move');
    },
    'workspaces.confirmMove': (input) => {
      self.note('workspaces.confirmMove', input);
      return self.begin('workspace.confirm-move', 'Confirm');
    },
    'workspaces.cancelMove': (input) => {
      self.note('workspaces.cancelMove', input);
      return self.begin('workspace.cancel-move', 'Cancel');
    },
  }));
  plane.hosts.put(hostOf(1, { name: 'atlas' }), hostOf(2, { name: 'borg' }));
  plane.snapshotHosts.put(
    ...[1, 2].map((n) => ({
      id: hostId(n),
      state: 'ready' as const,
      problem: null,
      folder: '/s',
      usedBytes: 1,
      freeBytes: 1,
      totalBytes: 2,
    })),
  );
  plane.workspaces.put(workspaceOf(1), workspaceOf(2, { name: "it's $(x)\u00e4" }));
  plane.snapshots.put(
    snapshotOf(1),
    snapshotOf(2),
    snapshotOf(3),
    snapshotOf(4, { reason: 'safety', name: null }),
  );
});
afterEach(() => plane.close());

/** What needs no process of its own: the same command line through the same socket. */
const said = (...words: string[]) => plane.call(words);

const asked = (method: string) =>
  plane.asked.filter((one) => one.method === method).map(({ input }) => input);

describe('berth snapshot create', () => {
  it('makes one, a line for each step beside the result', async () => {
    const { code, text, error } = await plane.run(
      'snapshot',
      'create',
      'ws1',
      'before upgrade',
      '--note',
      'a "b"',
    );
    expect({ code, text }).toEqual({
      code: 0,
      text: `Made "before upgrade" (2026-01-09 00:00), 1.5 MiB: ${snapshotId(9)}\n`,
    });
    expect(error).toBe('Make a snapshot\n  Reading files\n');
    expect(asked('snapshots.create')).toEqual([
      { workspaceId: workspaceId(1), name: 'before upgrade', note: 'a "b"', longMatching: false },
    ]);
  });

  it('passes on what was said about how, and prints the snapshot for a program', async () => {
    const words = ['--consistency', 'stopped', '--before', 'sync; x', '--after', 'y', '--json'];
    const { code, text } = await said('snapshot', 'create', 'ws1', ...words);
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({ id: snapshotId(9), name: null, workspaceId: workspaceId(1) });
    expect(asked('snapshots.create')).toEqual([
      expect.objectContaining({ consistency: 'stopped', beforeCommand: 'sync; x', afterCommand: 'y' }),
    ]);
  });

  it('says in full what failed', async () => {
    plane.nextEnd = 'failed';
    const failed = await plane.run('snapshot', 'create', 'ws1', '--json');
    expect(failed.code).toBe(1);
    expect(failed.error).toContain('Make a snapshot: The disk is full.\n');
    expect(JSON.parse(failed.text)).toEqual({
      error: { code: 'host.disk-full', message: 'Make a snapshot: The disk is full.', details: {} },
    });
    const taken = await plane.run('snapshot', 'create', 'ws1', 'taken');
    expect(taken).toMatchObject({ code: 1, text: '', error: 'Another one is called "taken".\n' });
  });

  it('refuses what is typed wrong before it asks anything', async () => {
    for (const words of [
      ['snapshot', 'create'],
      ['snapshot', 'create', 'ws1', 'latest'],
      ['snapshot', 'create', 'ws1', 'a\nb'],
      ['snapshot', 'create', 'ws1', '--consistency', 'frozen'],
      ['snapshot', 'create', 'ws1', '--nope'],
      ['snapshot', 'create', ''],
      ['snapshot', 'delete', 'ws1'],
    ]) {
      const { code, error, text } = await said(...words);
      expect({ words, code, text }).toEqual({ words, code: 2, text: '' });
      expect(error).not.toBe('');
    }
    expect(await plane.run('snapshot', 'create')).toMatchObject({ code: 2, text: '' });
    expect(plane.asked).toEqual([]);
  });

  it('cancels its operation at Ctrl+C, and says so', async () => {
    plane.nextEnd = 'never';
    const { child, ended } = plane.begun(['snapshot', 'create', 'ws1']);
    await waitUntil(() => asked('snapshots.create').length > 0, { what: 'it has begun' });
    child.kill('SIGINT');
    const { code, error } = await ended;
    expect(code).toBe(1);
    expect(error).toContain('Cancelling.');
    expect(error).toContain('Make a snapshot: cancelled, and taken back.\n');
    expect(asked('operations.cancel')).toHaveLength(1);
  });

  it('leaves at the second Ctrl+C', async () => {
    plane.nextEnd = 'never';
    const { child, ended, error } = plane.begun(['snapshot', 'create', 'ws1']);
    await waitUntil(() => error().includes('Make a snapshot'), { what: 'it follows' });
    // What cannot be cancelled goes on.
    plane.operations.items.clear();
    child.kill('SIGINT');
    await waitUntil(() => error().includes('Cancelling'), { what: 'it cancels' });
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
  });

  it('says what becomes of the work when Berth ends under it', async () => {
    plane.nextEnd = 'never';
    const { ended, error } = plane.begun(['snapshot', 'create', 'ws1']);
    await waitUntil(() => error().includes('Make a snapshot'), { what: 'it follows' });
    await plane.close();
    const { code, error: said } = await ended;
    expect(code).toBe(1);
    expect(said).toContain('Berth ended while it worked on this.');
  });
});

describe('berth snapshot restore', () => {
  it('shows the plan and restores to the newest that somebody made', async () => {
    const { code, error, text } = await said('snapshot', 'restore', 'ws1', '--yes');
    expect(code).toBe(0);
    expect(asked('snapshots.restore')).toEqual([{ id: snapshotId(3), makesSafetySnapshot: true }]);
    expect(error).toContain('Changes  brings back 2 entries, takes away 1 entry, resets 1 entry');
    expect(error).toContain('Ends     its programs and 2 terminals');
    expect(error).toContain('Loses    5 files changed outside /data');
    expect(text).toContain(`berth snapshot undo ${workspaceId(1)}`);
  });

  it('needs --yes where nobody can be asked', async () => {
    const { code, error } = await said('snapshot', 'restore', 'ws1', 's1');
    expect(code).toBe(2);
    expect(error).toContain('Say --yes');
    expect(asked('snapshots.restore')).toEqual([]);
  });

  it('makes no safety snapshot when told so', async () => {
    const { error } = await said('snapshot', 'restore', 'ws1', snapshotId(2), '--no-safety', '--yes');
    expect(asked('snapshots.restore')).toEqual([{ id: snapshotId(2), makesSafetySnapshot: false }]);
    expect(error).toContain('no snapshot of the present files');
  });
});

describe('the other commands on snapshots', () => {
  it('list them', async () => {
    plane.snapshots.put(snapshotOf(5, { name: 'x', note: 'n\u001b[31m\u202e\u0007', isPinned: true }));
    const all = await said('snapshot', 'list', 'ws1');
    const lines = all.text.trim().split('\n');
    expect(lines[0]).toMatch(/^NAME +ID +MADE +SIZE +CONSISTENCY +VERIFIED +NOTE$/);
    expect(lines[1]).toMatch(
      /^x +snap_0+5 +2026-01-05 00:00 +1\.5 MiB +paused +no +\[pinned\] n\\x1b\[31m\\u202e\\x07$/,
    );
    expect(lines[2]).toContain('[before a restore]');
    expect(all.text).not.toMatch(/[\u001b\u0007\u202e]/);
    // The short word lists snapshots until one of them is named.
    expect((await said('snapshot', 'ls', 'ws1')).text).toBe(all.text);
    const json = await said('snapshot', 'list', '--json');
    expect(JSON.parse(json.text)).toHaveLength(5);
    expect(json.text).not.toMatch(/[\u001b\u0007\u202e]/);
    const none = await said('snapshot', 'list', "it's $(x)\u00e4");
    expect(none).toMatchObject({ code: 0, text: 'There are no snapshots.\n' });
  });

  it.each([
    [['undo', 'ws1'], 'snapshots.undoRestore', { workspaceId: workspaceId(1) }],
    [['verify', 'ws1', 'latest'], 'snapshots.verify', { id: snapshotId(3) }],
    [
      ['delete', 'ws1', 's1', 's2', 's1', '--yes'],
      'snapshots.destroy',
      { ids: [snapshotId(1), snapshotId(2)] },
    ],
    [['pin', 'ws1', 's1'], 'snapshots.change', { id: snapshotId(1), isPinned: true }],
    [['unpin', 'ws1', 's1'], 'snapshots.change', { id: snapshotId(1), isPinned: false }],
    [
      ['compare', 'ws1', 's1', 's2'],
      'snapshots.compare',
      { id: snapshotId(1), otherId: snapshotId(2), limit: 5000 },
    ],
    [
      ['compare', 'ws1', 's1', '--live'],
      'snapshots.compare',
      { id: snapshotId(1), otherId: null, limit: 5000 },
    ],
    [['compare', 'ada', 's1'], 'snapshots.compare', undefined],
    [
      ['put-back', 'ws1', 's1', '/data/a/', './b c'],
      'snapshots.putBack',
      { id: snapshotId(1), paths: ['a', 'b c'] },
    ],
    [
      ['search', 'main', '*.c', '--workspace', 'ws1'],
      'snapshots.search',
      { query: 'main *.c', workspaceId: workspaceId(1), hostId: null, limit: 500 },
    ],
  ])('berth snapshot %j', async (words, method, input) => {
    const { code, error } = await said('snapshot', ...words);
    if (input === undefined) {
      // Ada has two workspaces here: nothing is guessed.
      expect(code).toBe(1);
      expect(error).toContain('ada has several workspaces. Name one of them:');
      expect(error).toContain(`atlas/ws1  (${workspaceId(1)})`);
      return;
    }
    expect({ code, asked: asked(method) }).toEqual({ code: 0, asked: [input] });
  });

  it('work for a person who has one workspace, as older scripts say it', async () => {
    plane.workspaces.drop(workspaceId(2));
    expect((await said('snapshot', 'create', 'ada', 'nightly')).code).toBe(0);
    expect((await said('snapshot', 'restore', 'ada', 'nightly', '--yes')).code).toBe(0);
    expect(asked('snapshots.restore')).toEqual([{ id: snapshotId(9), makesSafetySnapshot: true }]);
  });

  it('show what differs', async () => {
    const { text } = await said('snapshot', 'compare', 'ws1', 's1', 's2');
    expect(text.split('\n').slice(0, 3)).toEqual([
      '+ new',
      '~ a  (content, mode)',
      '… and more than are listed here',
    ]);
  });

  it('list folders, past one page', async () => {
    const root = await said('snapshot', 'ls', 'ws1', 's1');
    expect(root.text).toMatch(/^drwxr-xr-x +1000 +1000 +– +2026-01-01 00:00 +src\/$/m);
    expect(root.text).toContain('evil\\x1b[2J');
    const folder = await said('snapshot', 'ls', 'ws1', 's1', '/data/src', '--json');
    expect(JSON.parse(folder.text)).toHaveLength(1500);
    const file = await said('snapshot', 'ls', 'ws1', 's1', 'src/f1400', '--json');
    expect(JSON.parse(file.text)).toEqual([entryOf('src/f1400')]);
    const none = await said('snapshot', 'ls', 'ws1', 's1', 'nope');
    expect(none).toMatchObject({ code: 1, error: expect.stringContaining('The snapshot has no "nope".') });
  });

  it('set rules, and leave alone what was not said', async () => {
    const set = await plane.run(
      'snapshot',
      'rules',
      'ws1',
      '--schedule',
      '0 3 * * *',
      '--keep',
      'last=5,daily=7',
    );
    expect(set.code).toBe(0);
    expect(set.text).toContain('Keeps        last=5,daily=7\n');
    expect(asked('snapshotRules.set')).toEqual([
      {
        id: workspaceId(1),
        timeZone: 'UTC',
        schedule: '0 3 * * *',
        keep: { last: 5, hourly: 0, daily: 7, weekly: 0, monthly: 0 },
      },
    ]);
    const shown = await said('snapshot', 'rules', 'ws1');
    expect(shown.text).toContain('Schedule     none\n');
  });

  it('prune by the rule, after showing what it does', async () => {
    const without = await said('snapshot', 'prune', 'ws1');
    expect(without).toMatchObject({ code: 1, error: expect.stringContaining('--keep last=5,daily=7') });
    const keep = { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0 };
    plane.rules.put({
      id: workspaceId(1),
      schedule: null,
      timeZone: 'UTC',
      quietHours: null,
      consistency: 'paused',
      beforeCommand: null,
      afterCommand: null,
      repositoryId: null,
      keep,
      nextAt: null,
      lastAt: null,
      problem: null,
    });
    const dry = await said('snapshot', 'prune', 'ws1', '--dry-run');
    expect(dry.text).toContain('deletes  "s1" (2026-01-01 00:00)');
    expect(asked('snapshotRules.apply')).toEqual([]);
    expect((await said('snapshot', 'prune', 'ws1')).code).toBe(2);
    expect((await said('snapshot', 'prune', 'ws1', '--yes')).code).toBe(0);
    expect(asked('snapshotRules.apply')).toEqual([
      { workspaceId: workspaceId(1), keep, destroys: keepPlan.destroys },
    ]);
  });
});

describe('files out and in', () => {
  it('gets a file whole, into its own name, for its owner alone', async () => {
    const { code, text } = await plane.run('snapshot', 'get', 'ws1', 's1', 'big');
    expect({ code, text }).toEqual({ code: 0, text: 'Wrote big, 2.9 MiB.\n' });
    const path = join(plane.folder, 'big');
    expect((await readFile(path)).equals(bigFile)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const again = await plane.run('snapshot', 'get', 'ws1', 's1', 'big');
    expect(again).toMatchObject({ code: 1, error: expect.stringContaining('big is there already.') });
    expect((await plane.run('snapshot', 'get', 'ws1', 's1', 'big', '-o', path)).code).toBe(0);
  });

  it('sends it into a pipe as it is', async () => {
    const { output, error } = await plane.run('snapshot', 'get', 'ws1', 's1', 'big', '-o', '-');
    expect(output.equals(bigFile)).toBe(true);
    expect(error).toBe('');
  });

  it('gets a folder as an archive', async () => {
    const { text } = await plane.run('snapshot', 'get', 'ws1', 's1', 'src');
    expect(text).toMatch(/^Wrote src\.tar, /);
  });

  it('exports, and leaves nothing half written', async () => {
    const done = await plane.run('snapshot', 'export', 'ws1', 's1');
    expect(done.text).toBe('Wrote ws1-s1.tar.zst, 98 KiB.\n'.replace('98 KiB', '97.7 KiB'));
    plane.nextEnd = 'failed';
    const failed = await plane.run('snapshot', 'export', 'ws1', 's2');
    expect(failed).toMatchObject({ code: 1, error: 'The archive is damaged.\n' });
    plane.nextEnd = 'never';
    const { child, ended } = plane.begun(['snapshot', 'export', 'ws1', 's3']);
    await waitUntil(async () => (await readdir(plane.folder)).some((name) => name.endsWith('.part')), {
      what: 'it writes',
    });
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 1, error: expect.stringContaining('was not written') });
    expect((await readdir(plane.folder)).filter((name) => name !== 'control.sock')).toEqual([
      'ws1-s1.tar.zst',
    ]);
  });

  it('imports a file of any size', async () => {
    const path = join(plane.folder, 'old box.tar.zst');
    await writeFile(path, bigFile);
    const words = ['--host', 'borg', '--workspace', 'ws1', '--image', 'busybox:1.37', '--json'];
    const { code, text } = await plane.run('snapshot', 'import', path, ...words);
    expect(code).toBe(0);
    expect(imported).toBe(bigFile.length);
    expect(asked('snapshots.import')).toEqual([
      {
        id: JSON.parse(text).id,
        hostId: hostId(2),
        workspaceId: workspaceId(1),
        name: 'old box',
        sizeBytes: bigFile.length,
        image: 'busybox:1.37',
        mountPoint: null,
      },
    ]);
    const missing = await said('snapshot', 'import', join(plane.folder, 'nope'), '--host', 'borg');
    expect(missing).toMatchObject({ code: 1, error: expect.stringContaining('cannot be read') });
    expect((await said('snapshot', 'import', path)).code).toBe(2);
    expect((await said('snapshot', 'import', plane.folder, '--host', 'borg')).code).toBe(1);
  });
});

describe('berth workspace', () => {
  it('lists them', async () => {
    const { text } = await said('workspace', 'list');
    expect(text).toMatch(/^ws1 +ws_0+1 +atlas +running +busybox:1\.37$/m);
    expect(text).toContain("it's $(x)ä");
  });

  it('forks a snapshot, also of a workspace that is gone', async () => {
    plane.snapshots.put(snapshotOf(6, { workspaceId: workspaceId(9), workspaceName: 'gone' }));
    const { code } = await said('workspace', 'fork', 'gone', 's6', 'a new one', '--host', 'borg');
    expect(code).toBe(0);
    expect(asked('workspaces.fork')).toEqual([
      { snapshotId: snapshotId(6), name: 'a new one', hostId: hostId(2) },
    ]);
    const restore = await said('snapshot', 'restore', 'gone', 's6', '--yes');
    expect(restore).toMatchObject({ code: 1, error: expect.stringContaining('was destroyed') });
  });

  it('moves, and settles the move after asking', async () => {
    expect((await said('workspace', 'move', 'ws1', 'borg')).text).toContain('cancel-move');
    expect(asked('workspaces.move')).toEqual([{ id: workspaceId(1), hostId: hostId(2) }]);
    const early = await said('workspace', 'confirm-move', 'ws1', '--yes');
    expect(early).toMatchObject({ code: 1, error: expect.stringContaining('was not moved') });
    const movedAt = '2026-01-01T00:00:00.000Z';
    plane.workspaces.put(
      workspaceOf(1, { move: { role: 'source', otherId: workspaceId(3), otherHostId: hostId(2), movedAt } }),
      workspaceOf(3, {
        name: 'ws1',
        hostId: hostId(2),
        move: { role: 'copy', otherId: workspaceId(1), otherHostId: hostId(1), movedAt },
      }),
    );
    expect((await said('workspace', 'confirm-move', 'ws1')).code).toBe(2);
    expect((await said('workspace', 'confirm-move', 'ws1', '--yes')).code).toBe(0);
    expect(asked('workspaces.confirmMove')).toEqual([{ id: workspaceId(3) }]);
    expect((await said('workspace', 'cancel-move', 'atlas/ws1', '--yes')).code).toBe(0);
    expect(asked('workspaces.cancelMove')).toEqual([{ id: workspaceId(1) }]);
  });
});

describe('a host that is away', () => {
  it('is told with its own reason', async () => {
    plane.hosts.put(
      hostOf(1, {
        name: 'atlas',
        state: {
          phase: 'failed',
          atAt: '2026-01-01T00:00:00.000Z',
          error: { code: 'host.key-changed', message: 'The key is another one.', details: {} },
        },
      }),
    );
    const { code, error } = await said('snapshot', 'create', 'ws1');
    expect({ code, error }).toEqual({
      code: 1,
      error: 'The host "atlas" cannot be connected: The key is another one.\n',
    });
    expect((await said('snapshot', 'list', 'ws1')).code).toBe(0);
  });

  it('is waited for while it connects', async () => {
    plane.hosts.put(
      hostOf(1, { name: 'atlas', state: { phase: 'connecting', step: 'dialling', attempt: 1, hop: null } }),
    );
    const { ended, error } = plane.begun(['snapshot', 'verify', 'ws1', 's1']);
    await waitUntil(() => error().includes('Waiting for the host "atlas".'), { what: 'it waits' });
    plane.hosts.put(hostOf(1, { name: 'atlas' }));
    expect((await ended).code).toBe(0);
  });
});
