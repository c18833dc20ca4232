/** Hosts, projects, workspaces, people and keys: what each command asks of the plane, what it says, and its exit code. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Host, SshDefinition } from '#contract/hosts.ts';
import type { Question } from '#contract/questions.ts';
import { scopesOfRole } from '#contract/scopes.ts';
import {
  CommandPlane,
  hostId,
  hostOf,
  projectOf,
  userOf,
  workspaceId,
  workspaceOf,
} from '#test/harness/command-plane.ts';

let plane: CommandPlane;
const at = '2026-01-01T00:00:00.000Z';
const fingerprint = `SHA256:${'k'.repeat(43)}`;
const definition: SshDefinition = {
  kind: 'ssh',
  configName: null,
  address: '192.0.2.7',
  port: 2222,
  user: 'dev',
  auth: { method: 'automatic' },
  jumps: [],
  engineSocket: null,
};
/** What a new host does: it is ready at once, asks, or fails. */
let asks: Question | undefined;
let fails: BerthError | undefined;
const questionId = `q_${'0'.repeat(20)}` as const;
const keyQuestion: Question = {
  id: questionId,
  hostId: hostId(7),
  subject: 'dev@192.0.2.7:2222',
  askedAt: at,
  expiresAt: at,
  kind: 'host-key',
  keyType: 'ssh-ed25519',
  fingerprint,
  alsoKnownAs: [],
};

beforeEach(async () => {
  asks = undefined;
  fails = undefined;
  plane = await CommandPlane.start((self) => {
    const note = <T>(method: string, input: unknown, answer: T): T => {
      self.note(method, input);
      return answer;
    };
    const settle = (host: Host): Host => {
      self.hosts.put(host);
      return host;
    };
    return {
      'hosts.interpret': ({ text }) =>
        note('hosts.interpret', { text }, { name: 'atlas', definition, effective: [] }),
      'hosts.add': (input) => {
        self.note('hosts.add', input);
        const host = hostOf(7, { name: input.name, definition: input.definition });
        if (fails !== undefined)
          return settle({ ...host, state: { phase: 'failed', atAt: at, error: fails.toShape() } });
        if (asks === undefined) return settle(host);
        self.questions.put(asks);
        return settle({ ...host, state: { phase: 'needs-you', questionId: asks.id } });
      },
      'questions.answer': (input) => {
        self.note('questions.answer', input);
        self.questions.drop(input.id);
        const { answer } = input;
        const isYes = answer.kind === 'host-key' && answer.isTrusted;
        const refused = new BerthError('host.key-unknown', 'The key is not trusted.').toShape();
        settle(
          isYes
            ? hostOf(7, { name: 'atlas' })
            : { ...hostOf(7), state: { phase: 'failed', atAt: at, error: refused } },
        );
        return {};
      },
      'hosts.remove': (input) => {
        self.hosts.drop(input.id);
        return note('hosts.remove', input, {});
      },
      'credentials.add': (input) =>
        note(
          'credentials.add',
          { ...input, secret: `${input.secret.length} characters` },
          {
            id: `cred_${'1'.repeat(20)}` as const,
            label: input.label,
            kind: input.kind,
            publicKey: null,
            createdAt: at,
          },
        ),
      'credentials.remove': (input) => note('credentials.remove', input, {}),
      'hosts.doctor': async function* () {
        const finding = { why: '', command: null, fix: null };
        yield { ...finding, check: 'engine', level: 'ok' as const, title: 'Engine', detail: 'It answers.' };
        yield { ...finding, check: 'tmux', level: 'note' as const, title: 'tmux', detail: 'It is missing.' };
        if (self.hosts.items.get(hostId(1))?.name === 'sick')
          yield {
            ...finding,
            check: 'disk',
            level: 'problem' as const,
            title: 'Disk',
            detail: 'It is full.',
            fix: 'docker system prune',
          };
      },
      'projects.create': (input) => {
        const project = projectOf(5, input);
        self.projects.put(project);
        return note('projects.create', input, project);
      },
      'projects.edit': ({ id, ...change }) =>
        note('projects.edit', change, { ...projectOf(1), ...change, id } as never),
      'projects.remove': (input) => note('projects.remove', input, {}),
      'workspaces.create': (input) => {
        self.note('workspaces.create', input);
        const workspace = workspaceOf(9, { name: input.name });
        return {
          workspace,
          operation: self.begin('workspace.create', 'Create', () => self.workspaces.put(workspace)),
        };
      },
      'workspaces.stop': (input) => note('workspaces.stop', input, self.begin('workspace.stop', 'Stop')),
      'workspaces.start': (input) => note('workspaces.start', input, self.begin('workspace.start', 'Start')),
      'workspaces.destroyPlan': () => ({
        workspaceName: 'ws1',
        deletes: [{ what: 'container', detail: 'c' }],
        keeps: [{ what: 'volume', detail: 'v' }],
      }),
      'workspaces.destroy': (input) =>
        note('workspaces.destroy', input, self.begin('workspace.destroy', 'Destroy')),
      'workspaces.logs': async (input, channel) => {
        self.note('workspaces.logs', input);
        await channel.send(Buffer.from('one\ntwo\n'));
      },
      'account.watch': async function* () {
        const { quota, usage } = userOf(1);
        const own = {
          quota,
          usage,
          hasPassword: true,
          hasSecondFactor: false,
          recoveryCodes: 0,
          isServed: true,
        };
        yield {
          ...own,
          id: userOf(1).id,
          email: 'ada@example.org',
          name: 'ada',
          role: 'owner',
          source: 'password',
          createdAt: at,
        };
      },
      'users.invite': (input) =>
        note('users.invite', input, { user: userOf(3, { email: input.email }), link: 'https://b/x' }),
      'users.change': ({ id, ...change }) =>
        note('users.change', { id, ...change }, userOf(1, { role: change.role ?? 'member' })),
      'users.remove': (input) => note('users.remove', input, { projects: 1, workspaces: 2, snapshots: 3 }),
      'apiKeys.create': (input) => {
        const apiKey = {
          id: `key_${'2'.repeat(20)}` as const,
          name: input.name,
          hint: 'berth_ab',
          scopes: input.scopes,
          createdAt: at,
          expiresAt: null,
          usedAt: null,
        };
        self.apiKeys.put(apiKey);
        return note('apiKeys.create', input, { apiKey, key: 'berth_abcdef' });
      },
      'apiKeys.remove': (input) => note('apiKeys.remove', input, {}),
    };
  });
  plane.hosts.put(hostOf(1, { name: 'atlas' }));
  plane.workspaces.put(workspaceOf(1));
  plane.projects.put(projectOf(1, { environment: [{ name: 'TOKEN', value: 'secret' }] }));
  plane.users.put(userOf(1), userOf(2));
  const none = { problem: null, folder: null, usedBytes: null, freeBytes: null, totalBytes: null };
  plane.snapshotHosts.put({ id: hostId(1), state: 'ready', ...none });
});
afterEach(() => plane.close());

const call = (...words: string[]) => plane.call(words);

describe('berth host', () => {
  it('adds one that needs no question', async () => {
    expect(await call('host', 'add', 'dev@192.0.2.7:2222', '--name', 'new', '--agent')).toMatchObject({
      code: 0,
      text: expect.stringContaining('Added "new"'),
    });
    expect(plane.asked).toEqual([
      { method: 'hosts.interpret', input: { text: 'dev@192.0.2.7:2222' } },
      {
        method: 'hosts.add',
        input: { name: 'new', definition: { ...definition, auth: { method: 'agent', key: null } } },
      },
    ]);
  });

  it('trusts a key that was named, or any new one where that was said', async () => {
    for (const flags of [['--accept-key', fingerprint], ['--accept-new-key']]) {
      asks = keyQuestion;
      expect(await call('host', 'add', 'x', ...flags)).toMatchObject({ code: 0 });
      expect(plane.asked.at(-1)).toEqual({
        method: 'questions.answer',
        input: { id: questionId, answer: { kind: 'host-key', isTrusted: true } },
      });
      plane.hosts.drop(hostId(7));
    }
  });

  it('trusts no other key, nobody’s word being no word, and adds nothing then', async () => {
    for (const [flags, words] of [
      [['--accept-key', `SHA256:${'x'.repeat(43)}`], 'another key than the one that was named'],
      [[], '--accept-new-key'],
    ] as const) {
      asks = keyQuestion;
      const { code, error } = await call('host', 'add', 'x', ...flags);
      expect([code, error]).toEqual([1, expect.stringContaining(words)]);
      expect(error).toContain(fingerprint);
      expect(plane.asked.slice(-2)).toEqual([
        { method: 'questions.answer', input: { id: questionId, answer: { kind: 'declined' } } },
        { method: 'hosts.remove', input: { id: hostId(7) } },
      ]);
    }
  });

  it('takes a password from the input alone, and forgets it when it was for nothing', async () => {
    fails = new BerthError('host.auth-failed', 'The server refused.');
    const failed = await plane.call(['host', 'add', 'x', '--password-stdin'], {
      input: Readable.from([Buffer.from('s3cret\n')]),
    });
    expect(failed).toMatchObject({
      code: 1,
      error: expect.stringContaining('was not added: The server refused.'),
    });
    expect(plane.asked.map(({ method }) => method)).toEqual([
      'hosts.interpret',
      'credentials.add',
      'hosts.add',
      'hosts.remove',
      'credentials.remove',
    ]);
    expect(plane.asked[1]?.input).toMatchObject({ kind: 'password', secret: '6 characters' });
    expect(JSON.stringify([failed.text, failed.error])).not.toContain('s3cret');
  });

  it('refuses what cannot be meant before it asks anything', async () => {
    for (const words of [
      ['--accept-key', 'MD5:aa'],
      ['--agent', '--password-stdin'],
      ['--name', ' '],
    ])
      expect(await call('host', 'add', 'x', ...words)).toMatchObject({ code: 2 });
    expect(await call('host', 'add', 'x', '--identity', '/nowhere/key')).toMatchObject({
      code: 1,
      error: expect.stringContaining('/nowhere/key cannot be read'),
    });
    expect(plane.asked.filter(({ method }) => method === 'hosts.add')).toEqual([]);
  });

  it('lists, checks and removes', async () => {
    const { text } = await call('host', 'ls');
    expect(text).toMatch(/NAME.*ADDRESS.*STATE[\s\S]*atlas.*dev@192\.0\.2\.1.*ready/);
    expect(await call('host', 'check', 'atlas')).toMatchObject({
      code: 0,
      text: expect.stringContaining('1 more are well.'),
    });
    plane.hosts.put(hostOf(1, { name: 'sick' }));
    const sick = await call('host', 'check', 'sick');
    expect(sick.code).toBe(1);
    expect(sick.text.indexOf('Disk')).toBeLessThan(sick.text.indexOf('tmux'));
    expect(sick.text).toContain('Disk: docker system prune');
    expect(await call('host', 'rm', 'sick')).toMatchObject({
      code: 2,
      error: expect.stringContaining('--yes'),
    });
    expect(await call('host', 'rm', 'sick', '--yes')).toMatchObject({ code: 0 });
    expect(plane.asked).toEqual([{ method: 'hosts.remove', input: { id: hostId(1) } }]);
  });
});

describe('berth project', () => {
  it('is made of flags and files, the last of a name counting', async () => {
    const file = join(plane.folder, 'env');
    await writeFile(file, '# remark\nA=from file\nB=x=y\n\n');
    const words = [
      '--image',
      'debian:12',
      '--env-file',
      file,
      '-e',
      'A=b c',
      '--memory',
      '1.5g',
      '--cpus',
      'none',
      '--shell',
      '/bin/zsh',
    ];
    expect(await call('project', 'create', 'web', ...words)).toMatchObject({ code: 0 });
    expect(plane.asked[0]?.input).toMatchObject({
      name: 'web',
      image: 'debian:12',
      environment: [
        { name: 'A', value: 'b c' },
        { name: 'B', value: 'x=y' },
      ],
      limits: { cpus: null, memoryBytes: 1_610_612_736, pids: 512 },
      shell: '/bin/zsh',
    });
  });

  it('shows no values unless asked', async () => {
    for (const flags of [[], ['--json']]) {
      const hidden = await call('project', 'show', 'p1', ...flags);
      expect(hidden.text).toContain('TOKEN');
      expect(hidden.text).not.toContain('secret');
      expect((await call('project', 'show', 'p1', '--values', ...flags)).text).toContain('secret');
    }
  });

  it('changes only what was said', async () => {
    await call('project', 'edit', 'p1', '--pids', '99', '--profile', 'locked');
    expect(plane.asked).toEqual([
      {
        method: 'projects.edit',
        input: { limits: { cpus: 2, memoryBytes: 2_147_483_648, pids: 99 }, profile: 'locked' },
      },
    ]);
  });

  it.each([
    [['create', 'x'], '--image'],
    [['create', 'x', '--image', 'UPPER'], '--image'],
    [['create', 'x', '--image', 'a', '--memory', 'much'], '--memory'],
    [['create', 'x', '--image', 'a', '--profile', 'soft'], 'standard|root-inside|locked'],
    [['create', 'x', '--image', 'a', '-e', '1A=hidden-value'], '"1A"'],
    [['create', 'x', '--image', 'a', '--mount', '/etc'], 'system folder'],
  ])('refuses %j, and says why', async (words, why) => {
    const { code, error } = await call('project', ...words);
    expect([code, error]).toEqual([2, expect.stringContaining(why)]);
    expect(error).not.toContain('hidden-value');
    expect(plane.asked).toEqual([]);
  });
});

describe('berth workspace and berth container', () => {
  it('makes one of a project on the only host', async () => {
    expect(await call('workspace', 'create', 'api', '--project', 'p1')).toMatchObject({
      code: 0,
      text: expect.stringContaining('Made "api" on "atlas"'),
    });
    expect(plane.asked).toEqual([
      {
        method: 'workspaces.create',
        input: {
          name: 'api',
          projectId: projectOf(1).id,
          accessPassword: null,
          hostId: hostId(1),
          volumeName: null,
          snapshotId: null,
        },
      },
    ]);
  });

  it('asks which host where there are several, and takes a project back that it made for nothing', async () => {
    plane.hosts.put(hostOf(2, { name: 'other' }));
    expect(await call('workspace', 'create', 'api', '--project', 'p1')).toMatchObject({
      code: 1,
      error: expect.stringContaining('--host'),
    });
    plane.nextEnd = 'failed';
    expect(await call('workspace', 'create', 'api', '--image', 'a', '--host', 'atlas')).toMatchObject({
      code: 1,
    });
    expect(plane.asked.map(({ method }) => method)).toEqual([
      'projects.create',
      'workspaces.create',
      'projects.remove',
    ]);
  });

  it('does not wait with --detach', async () => {
    plane.nextEnd = 'never';
    const { code, text } = await call('workspace', 'stop', 'ws1', '--detach', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({ kind: 'workspace.stop', state: 'running' });
  });

  it('says how it is by its exit code, too', async () => {
    expect(await call('workspace', 'status', 'ws1')).toMatchObject({
      code: 0,
      text: expect.stringContaining('running'),
    });
    for (const word of ['ada', 'Ada@example.org', 'ws1'])
      expect(await call('container', 'status', word)).toMatchObject({ code: 0, text: 'running\n' });
    expect(await call('container', 'status', 'eve@example.org')).toMatchObject({ code: 1, text: 'none\n' });
    plane.workspaces.put(workspaceOf(1, { state: 'stopped', desired: 'stopped' }));
    expect(await call('workspace', 'status', 'ws1')).toMatchObject({ code: 1 });
    expect(await call('container', 'status', 'ws1')).toMatchObject({ code: 1, text: 'stopped\n' });
    expect(await call('container', 'status', 'nobody')).toMatchObject({ code: 1, text: 'none\n' });
  });

  it('destroys after a yes alone, and keeps the files unless told otherwise', async () => {
    const asked = await call('workspace', 'rm', 'ws1');
    expect(asked).toMatchObject({ code: 2, error: expect.stringContaining('Keeps volume: v') });
    await call('workspace', 'rm', 'ws1', '--yes');
    await call('container', 'remove', 'ada', '--yes', '--delete-files');
    expect(plane.asked).toEqual([
      { method: 'workspaces.destroy', input: { id: workspaceId(1), keepVolume: true } },
      { method: 'workspaces.destroy', input: { id: workspaceId(1), keepVolume: false } },
    ]);
  });

  it('prints logs as they are, and follows only when told', async () => {
    expect(await call('workspace', 'logs', 'ws1', '-n', '5')).toMatchObject({ code: 0, text: 'one\ntwo\n' });
    expect(await call('workspace', 'logs', 'ws1', '-f')).toMatchObject({ code: 0 });
    expect(plane.asked.map(({ input }) => input)).toEqual([
      { id: workspaceId(1), tailLines: 5, isFollowed: false },
      { id: workspaceId(1), tailLines: 1000, isFollowed: true },
    ]);
  });

  it('makes the first of a person, and finds it again', async () => {
    expect(await call('container', 'create', 'grace')).toMatchObject({
      code: 2,
      error: expect.stringContaining('--image'),
    });
    expect(await call('container', 'create', 'grace', '--image', 'debian:12')).toMatchObject({ code: 0 });
    expect(plane.asked.map(({ method, input }) => [method, (input as { name: string }).name])).toEqual([
      ['projects.create', 'default'],
      ['workspaces.create', 'grace'],
    ]);
    expect(await call('container', 'create', 'grace')).toMatchObject({
      code: 0,
      text: expect.stringContaining('there already'),
    });
    // The next one is made of the same.
    expect(await call('container', 'create', 'linus')).toMatchObject({ code: 0 });
    expect(plane.asked).toHaveLength(3);
  });
});

describe('berth user and berth token', () => {
  it('invites, and prints the link where no e-mail goes', async () => {
    const { code, text } = await call(
      'user',
      'add',
      'New@Example.org',
      '--role',
      'viewer',
      '--memory',
      '4g',
      '--workspaces',
      '2',
    );
    expect([code, text]).toEqual([0, expect.stringMatching(/shown this once:\nhttps:\/\/b\/x\n$/)]);
    expect(plane.asked[0]?.input).toEqual({
      email: 'new@example.org',
      name: null,
      role: 'viewer',
      quota: { memoryBytes: 4_294_967_296, workspaces: 2 },
    });
  });

  it('lists and changes', async () => {
    expect((await call('user', 'ls')).text).toMatch(/user1@example\.org[\s\S]*user2@example\.org/);
    await call('user', 'role', 'user2@example.org', 'owner');
    await call('user', 'quota', 'User 1', '--disk', 'none');
    await call('user', 'disable', userOf(1).id);
    expect(plane.asked.map(({ input }) => input)).toEqual([
      { id: userOf(2).id, role: 'owner' },
      { id: userOf(1).id, quota: { diskBytes: null } },
      { id: userOf(1).id, isDisabled: true },
    ]);
    expect(await call('user', 'role', 'user1@example.org', 'king')).toMatchObject({ code: 2 });
    expect(await call('user', 'quota', 'user1@example.org')).toMatchObject({ code: 2 });
    expect(await call('user', 'rm', 'user1@example.org', '--yes')).toMatchObject({
      text: expect.stringContaining('1 projects, 2 workspaces, 3 snapshots'),
    });
    expect(await call('user', 'rm', 'nobody@example.org', '--yes')).toMatchObject({ code: 1 });
  });

  it('makes keys: the key alone on the output', async () => {
    expect(await call('token', 'create', 'ci', '--expires', 'never')).toMatchObject({
      code: 0,
      text: 'berth_abcdef\n',
    });
    await call('token', 'create', 'ro', '--scope', 'workspaces.read,hosts.read', '--scope', 'viewer');
    const [first, second] = plane.asked.map(
      ({ input }) => input as { scopes: string[]; expiresInDays: number | null },
    );
    expect(first).toEqual({ name: 'ci', scopes: [...scopesOfRole.member], expiresInDays: null });
    expect(new Set(second?.scopes)).toEqual(scopesOfRole.viewer);
    expect(second?.expiresInDays).toBe(90);
    expect(await call('token', 'create', 'x', '--scope', 'everything')).toMatchObject({ code: 2 });
    expect((await call('token', 'ls')).text).not.toContain('berth_abcdef');
    expect(await call('token', 'rm', 'ro', '--yes')).toMatchObject({ code: 0 });
  });
});

describe('every command', () => {
  it('says in JSON what went wrong, and nothing else on the output', async () => {
    const { code, text } = await call('user', 'role', 'user1@example.org', 'king', '--json');
    expect([code, JSON.parse(text)]).toEqual([
      2,
      { error: expect.objectContaining({ code: 'typed-wrong' }) },
    ]);
  });

  it('is quiet when told, but for failures', async () => {
    expect(await call('workspace', 'stop', 'ws1', '-q')).toMatchObject({ code: 0, error: '' });
    expect(await call('workspace', 'stop', 'nope', '--quiet')).toMatchObject({
      code: 1,
      error: expect.stringContaining('nope'),
    });
  });

  it('suggests what may have been meant', async () => {
    expect((await call('workspace', 'craete')).error).toContain('Did you mean: berth workspace create');
    expect((await call('user', 'zzzzzzz')).error).not.toContain('Did you mean');
  });
});
