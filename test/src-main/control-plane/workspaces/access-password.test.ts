/** Where passwords of containers are kept and how they are handed over: with a store that fails at any moment. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { type HostId, localOwnerId, type WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { projectDefaults } from '#contract/projects.ts';
import { AccessPasswordText } from '#contract/workspaces.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { AccessPasswords, asMade } from '#main/control-plane/workspaces/access-password.ts';
import {
  parseWorkspaceRecord,
  toWorkspace,
  type WorkspaceRecord,
} from '#main/control-plane/workspaces/workspace.ts';
import { WorkspaceDirectory } from '#main/control-plane/workspaces/workspace-directory.ts';
import { labelsFor } from '#main/control-plane/workspaces/workspace-spec.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import { MemorySecretStore } from '#test/harness/memory-secret-store.ts';

const canary = 'canary-77 $(x)';
const first: WorkspaceId = `ws_${'1'.repeat(20)}`;
const second: WorkspaceId = `ws_${'2'.repeat(20)}`;
const hostId: HostId = `host_${'1'.repeat(20)}`;

class World {
  readonly secrets = new MemorySecretStore();
  readonly store = new MemoryRecordStore();
  readonly log = new MemoryLog();
  operation: Operation | undefined;
  readonly directory: WorkspaceDirectory;
  readonly passwords: AccessPasswords;
  #count = 0;

  constructor() {
    this.directory = new WorkspaceDirectory({
      records: this.store.collection('workspaces', parseWorkspaceRecord),
      operations: { current: () => this.operation },
      projectName: () => undefined,
      clock: new ManualClock(),
      log: this.log,
    });
    this.passwords = new AccessPasswords({
      secrets: this.secrets,
      directory: this.directory,
      random: {
        id: (prefix) => `${prefix}_${String(++this.#count).padStart(20, '0')}`,
        bytes: (length) => new Uint8Array(length).fill(++this.#count),
      },
      log: this.log,
    });
  }

  async add(
    id: WorkspaceId,
    accessPassword: WorkspaceRecord['accessPassword'],
    profile: 'standard' | 'locked' = 'standard',
  ): Promise<WorkspaceRecord> {
    await this.directory.add({
      id,
      name: `name of ${id}`,
      projectId: null,
      hostId,
      ownerId: localOwnerId,
      definition: { ...projectDefaults, name: 'p', image: 'debian:12', environment: [], profile },
      imageDigest: null,
      desired: 'running',
      lastKnown: null,
      problem: null,
      volumeName: 'v',
      createdAt: '2026-01-02T03:04:05.000Z',
      isAdopted: false,
      isMade: true,
      hasGivenUp: false,
      pausedBy: null,
      move: null,
      noteStartedAt: null,
      accessPassword,
    });
    return this.directory.require(id);
  }

  keep(delivery: 'environment' | 'file' = 'environment', value: string | null = canary) {
    const secret = value === null ? null : new Secret(value);
    return this.passwords.keep({ variable: 'PASSWORD', delivery, value: secret }, 'standard');
  }
}

describe('keeping', () => {
  it('puts the password into the store of secrets alone', async () => {
    const world = new World();
    const kept = await world.keep();
    const record = await world.add(first, kept);
    expect([...world.secrets.contents]).toEqual([[kept.secretId, canary]]);
    const written = await world.store.collection('workspaces', (value) => value as { id: string }).all();
    const labels = labelsFor(record, `op_${'1'.repeat(20)}`);
    const view = toWorkspace({
      record,
      projectName: 'p',
      observed: null,
      operation: undefined,
      isDeciding: false,
    });
    for (const shown of [written, labels, view, world.log.text()])
      expect(JSON.stringify(shown)).not.toContain('canary');
    expect(view.accessPassword).toEqual({ variable: 'PASSWORD', delivery: 'environment' });
    expect(JSON.stringify(view)).not.toContain(kept.secretId);
  });

  it('makes one of 120 bits where none is given', async () => {
    const world = new World();
    const kept = await world.keep('environment', null);
    const value = world.secrets.contents.get(kept.secretId) ?? '';
    expect(value).toMatch(/^[\w-]{20}$/);
    expect(AccessPasswordText.safeParse(value).success).toBe(true);
  });

  it.each([
    ['locked', 'credential.keychain-unavailable'],
    ['missing', 'credential.keychain-unavailable'],
  ] as const)('says so where the keychain is %s', async (state, code) => {
    const world = new World();
    world.secrets.setKeychain(state);
    await expect(world.keep()).rejects.toMatchObject({ code });
  });

  it('refuses a file where the root is read-only', async () => {
    const wish = { variable: 'PASSWORD', delivery: 'file', value: null } as const;
    await expect(new World().passwords.keep(wish, 'locked')).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('a password text', () => {
  it.each(['a', 'two words', '!"#$%&\'()*+,-./', 'x'.repeat(128), '{}', '~'])('may be %j', (text) => {
    expect(AccessPasswordText.safeParse(text).success).toBe(true);
  });
  it.each(['', ' a', 'a ', 'a\nb', 'a\0b', 'ä', '\x1b[2J', 'x'.repeat(129), '\u202e'])(
    'may not be %j',
    (text) => {
      expect(AccessPasswordText.safeParse(text).success).toBe(false);
    },
  );
});

describe('handing over', () => {
  const project = [
    { name: 'PASSWORD', value: 'of the project' },
    { name: 'PASSWORD_FILE', value: '/x' },
    { name: 'OTHER', value: 'o' },
  ];
  it('replaces the project’s own variables, in the environment', async () => {
    const world = new World();
    const record = await world.add(first, await world.keep());
    const { environment, secretFiles } = await world.passwords.contentsOf(record, project);
    expect(secretFiles).toEqual([]);
    expect(environment.map(({ name }) => name)).toEqual(['OTHER', 'PASSWORD']);
    const [, password] = environment;
    expect(password?.value).toBeInstanceOf(Secret);
    expect(JSON.stringify(environment)).not.toContain('canary');
  });

  it('is a file that both conventions name', async () => {
    const world = new World();
    const record = await world.add(first, await world.keep('file'));
    const { environment, secretFiles } = await world.passwords.contentsOf(record, project);
    expect(environment).toEqual([
      { name: 'OTHER', value: 'o' },
      { name: 'PASSWORD_FILE', value: '/run/secrets/PASSWORD' },
      { name: 'FILE__PASSWORD', value: '/run/secrets/PASSWORD' },
    ]);
    expect(secretFiles.map(({ path, content }) => [path, content.reveal()])).toEqual([
      ['/run/secrets/PASSWORD', canary],
    ]);
  });

  it('makes no container without the password that it should have', async () => {
    const world = new World();
    const kept = await world.keep();
    const record = await world.add(first, kept);
    await world.secrets.delete(kept.secretId);
    await expect(world.passwords.contentsOf(record, [])).rejects.toMatchObject({
      code: 'credential.missing',
    });
    const other = await world.add(second, await world.keep());
    world.secrets.setKeychain('locked');
    await expect(world.passwords.contentsOf(other, [])).rejects.toMatchObject({
      code: 'credential.keychain-unavailable',
    });
  });

  it('adds nothing to a workspace without one', async () => {
    const world = new World();
    const record = await world.add(first, null);
    expect(await world.passwords.contentsOf(record, project)).toEqual({
      environment: project,
      secretFiles: [],
    });
    await expect(world.passwords.reveal(first)).rejects.toMatchObject({ code: 'credential.missing' });
  });
});

describe('changing', () => {
  it('keeps the new one, forgets the old one, and says that the container has the old one still', async () => {
    const world = new World();
    const before = await world.keep();
    await world.add(first, before);
    const view = await world.passwords.change(first, { value: new Secret('next') });
    expect([...world.secrets.contents.values()]).toEqual(['next']);
    const { accessPassword } = world.directory.require(first);
    expect(accessPassword?.isPending).toBe(true);
    expect(accessPassword?.secretId).not.toBe(before.secretId);
    expect(asMade(accessPassword)?.isPending).toBe(false);
    expect(JSON.stringify(view)).not.toContain('next');
    expect((await world.passwords.reveal(first)).password).toBe('next');
  });

  it('gives one to a workspace that had none, and may change how it is handed over', async () => {
    const world = new World();
    await world.add(first, null);
    await world.passwords.change(first, { value: null });
    expect(world.directory.require(first).accessPassword).toMatchObject({
      variable: 'PASSWORD',
      delivery: 'environment',
    });
    await world.passwords.change(first, { value: null, variable: 'PW', delivery: 'file' });
    expect(world.directory.require(first).accessPassword).toMatchObject({ variable: 'PW', delivery: 'file' });
    expect(world.secrets.contents.size).toBe(1);
  });

  it('waits for no operation: it is refused while one may make a container', async () => {
    const world = new World();
    const kept = await world.keep();
    await world.add(first, kept);
    world.operation = { endedAt: null } as Operation;
    await expect(world.passwords.change(first, { value: null })).rejects.toMatchObject({ code: 'conflict' });
    world.operation = undefined;
    // It begins while the new secret is on its way to the store.
    const changing = world.passwords.change(first, { value: new Secret('next') });
    world.operation = { endedAt: null } as Operation;
    await expect(changing).rejects.toMatchObject({ code: 'conflict' });
    expect([...world.secrets.contents.values()]).toEqual([canary]);
    expect(world.directory.require(first).accessPassword).toEqual(kept);
  });

  it('leaves everything as it was where the record cannot be written', async () => {
    const world = new World();
    const kept = await world.keep();
    await world.add(first, kept);
    world.store.failure = new BerthError('store.unwritable', 'Full.');
    await expect(world.passwords.change(first, { value: null })).rejects.toMatchObject({
      code: 'store.unwritable',
    });
    expect([...world.secrets.contents]).toEqual([[kept.secretId, canary]]);
    expect(world.directory.require(first).accessPassword).toEqual(kept);
  });
});

describe('the end of a workspace', () => {
  it('is the end of its password, unless the other half of a move has it', async () => {
    const world = new World();
    const kept = await world.keep();
    await world.add(first, kept);
    await world.add(second, kept);
    await world.directory.remove(first);
    await world.passwords.close();
    expect(world.secrets.contents.size).toBe(1);
    await world.directory.remove(second);
    await world.passwords.close();
    expect(world.secrets.contents.size).toBe(0);
  });
});
