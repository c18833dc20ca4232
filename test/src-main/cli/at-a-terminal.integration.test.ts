/** The command line where a person sits: a question, one line that is rewritten, Ctrl+C, and nothing raw on the screen. */
import { spawn } from '@lydell/node-pty';
import type { SshDefinition } from '#contract/hosts.ts';
import type { Question } from '#contract/questions.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CommandPlane,
  cloudOf,
  entryOf,
  hostId,
  hostOf,
  snapshotOf,
  workspaceOf,
} from '#test/harness/command-plane.ts';
import { fakeProviderInfo } from '#test/harness/fake-cloud.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const asked = {
  hostId: hostId(7),
  subject: 'dev@new:22',
  askedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2026-01-01T00:00:00.000Z',
};
const fingerprint = `SHA256:${'k'.repeat(43)}`;
const keyQuestion: Question = {
  ...asked,
  id: `q_${'1'.repeat(20)}`,
  kind: 'host-key',
  keyType: 'ssh-ed25519',
  fingerprint,
  alsoKnownAs: ['old-name'],
};
const passwordQuestion: Question = {
  ...asked,
  id: `q_${'2'.repeat(20)}`,
  kind: 'password',
  wasWrong: false,
  canRemember: false,
};

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
    'hosts.interpret': () => ({
      name: 'new',
      definition: hostOf(7).definition as SshDefinition,
      effective: [],
    }),
    'clouds.providers': () => ({ providers: [fakeProviderInfo] }),
    'clouds.connect': (input) => {
      self.note('clouds.connect', input);
      return cloudOf(1, { label: input.label });
    },
    'hosts.add': ({ name }) => {
      self.questions.put(keyQuestion);
      const host = hostOf(7, { name, state: { phase: 'needs-you', questionId: keyQuestion.id } });
      self.hosts.put(host);
      return host;
    },
    'hosts.remove': (input) => {
      self.note('hosts.remove', input);
      self.hosts.drop(input.id);
      return {};
    },
    'questions.answer': (input) => {
      self.note('questions.answer', input.answer);
      self.questions.drop(input.id);
      // The key first, then the password.
      if (input.id === keyQuestion.id && input.answer.kind === 'host-key') {
        self.questions.put(passwordQuestion);
        self.hosts.put(
          hostOf(7, { name: 'new', state: { phase: 'needs-you', questionId: passwordQuestion.id } }),
        );
      } else self.hosts.put(hostOf(7, { name: 'new' }));
      return {};
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
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
      HOME: plane.folder,
      TZ: 'UTC',
    },
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

  it('asks for a host key and then for a password, and shows nothing of that', async () => {
    const { ended, type, shows, text } = at('host', 'add', 'dev@new');
    await shows('Type yes, or the fingerprint');
    expect(text()).toContain(fingerprint);
    expect(text()).toContain('old-name');
    type('yes\r');
    await shows('Password of dev@new:22:');
    type('s3crex\u007ft\r');
    expect(await ended).toBe(0);
    expect(text()).toContain('Added "new"');
    expect(text()).not.toContain('s3cre');
    expect(plane.asked).toEqual([
      { method: 'questions.answer', input: { kind: 'host-key', isTrusted: true } },
      { method: 'questions.answer', input: { kind: 'password', password: 's3cret', remember: false } },
    ]);
  });

  it('asks for a provider’s token unseen, and says where to make one', async () => {
    const { ended, type, shows, text } = at('cloud', 'connect', 'work');
    await shows('Token (not shown):');
    expect(text()).toContain(fakeProviderInfo.tokenUrl);
    type('fake_t0ken\r');
    expect(await ended).toBe(0);
    expect(text()).not.toContain('t0ken');
    expect(plane.asked).toEqual([
      { method: 'clouds.connect', input: { provider: 'fake-cloud', label: 'work', token: 'fake_t0ken' } },
    ]);
  });

  it('takes anything else for a no: the key is not trusted and nothing is added', async () => {
    for (const typed of ['y\r', `SHA256:${'x'.repeat(43)}\r`, '\u0003']) {
      const { ended, type, shows } = at('host', 'add', 'dev@new');
      await shows('Type yes, or the fingerprint');
      type(typed);
      expect(await ended).toBe(1);
      expect(
        plane.asked.splice(0).map(({ method, input }) => [method, (input as { kind?: string }).kind]),
      ).toEqual([
        ['questions.answer', 'declined'],
        ['hosts.remove', undefined],
      ]);
    }
  });

  it('forgets a password at Ctrl+C, and the terminal is as before', async () => {
    const { ended, type, shows, text } = at('host', 'add', 'dev@new');
    await shows('Type yes, or the fingerprint');
    type(`${fingerprint}\r`);
    await shows('Password of dev@new:22:');
    type('half\u0003');
    expect(await ended).toBe(1);
    expect(text()).not.toContain('half');
    expect(plane.asked.map(({ input }) => (input as { kind?: string }).kind)).toEqual([
      'host-key',
      'declined',
      undefined,
    ]);
  });
});
