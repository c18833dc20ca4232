/** Names and labels: what is written on a host can be read back, and nothing that a person types gets through. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localOwnerId } from '#contract/ids.ts';
import { projectDefaults, type ProjectDefinition } from '#contract/projects.ts';
import { BerthError } from '#contract/berth-error.ts';
import { DisplayName } from '#contract/text.ts';
import { label } from '#main/control-plane/workspaces/labels.ts';
import { fullDiskBehind, parseDf, requireSpace } from '#main/control-plane/workspaces/host-space.ts';
import type { ReadyLink } from '#main/control-plane/workspaces/workspace-parts.ts';
import {
  hostnameOf,
  labelsFor,
  nameInContainerName,
  readLabels,
  remoteName,
  renamedContainer,
} from '#main/control-plane/workspaces/workspace-spec.ts';

const id = 'ws_0123456789abcdefghjk' as const;
const definition: ProjectDefinition = {
  ...projectDefaults,
  name: 'p',
  image: 'debian:12',
  environment: [{ name: 'TOKEN', value: 'canary-secret' }],
  // What a lost database would else not know any more of a desktop.
  kind: 'desktop',
  recipe: 'browser',
  start: 'image',
  sharedMemoryBytes: 1024 ** 3,
  accessPassword: { variable: 'VNC_PW', delivery: 'file' },
  apps: [
    { name: 'Screen', port: 5900, protocol: 'vnc', path: '/', login: { how: 'none' }, isMain: true },
    {
      name: 'Web',
      port: 80,
      protocol: 'http',
      path: '/',
      login: { how: 'basic', user: 'abc' },
      isMain: false,
    },
  ],
};
const names = fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }).filter((name) => {
  const parsed = DisplayName.safeParse(name);
  return parsed.success && parsed.data === name;
});

describe('names on a host', () => {
  it('hold nothing that a person typed', () => {
    expect(remoteName(id)).toBe('berth-0123456789ab');
  });
  it('carry a later name in a form that every engine takes, and give it back', () => {
    fc.assert(
      fc.property(names, (name) => {
        const containerName = renamedContainer(id, name);
        expect(containerName).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
        // Half a surrogate pair has no UTF-8; it comes back as the replacement character.
        expect(nameInContainerName(containerName)).toBe(name.toWellFormed().trim());
      }),
    );
  });
  it('say nothing where there is no later name', () => {
    for (const name of [
      remoteName(id),
      '/berth-0123456789ab',
      'other',
      'berth-0123456789ab._0',
      'berth-0123456789ab._0a',
    ])
      expect(nameInContainerName(name)).toBeUndefined();
  });
  it('make a host name of anything (RFC 1123)', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (name) => {
        expect(hostnameOf(name, id)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
      }),
    );
    expect(hostnameOf('Äpi Server #1', id)).toBe('a-pi-server-1');
  });
});

describe('labels', () => {
  const workspace = {
    id,
    name: '../x "y"',
    projectId: 'proj_0123456789abcdefghjk',
    definition,
    volumeName: 'berth-other',
    createdAt: '2026-01-02T03:04:05.000Z',
    ownerId: localOwnerId,
  } as const;
  const labels = labelsFor(workspace, 'op_0123456789abcdefghjk');
  const container = { labels, name: remoteName(id), image: 'debian:12', createdAtMs: 0 };

  it('give back everything but the values of the environment', () => {
    expect(JSON.stringify(labels)).not.toContain('canary-secret');
    expect(readLabels(container)).toEqual({
      ...workspace,
      definition: { ...definition, environment: [{ name: 'TOKEN', value: '' }] },
    });
  });
  it('are read with distrust: what does not fit is not a workspace, or gets a plain value', () => {
    expect(readLabels({ ...container, labels: {} })).toBeUndefined();
    expect(
      readLabels({ ...container, labels: { ...labels, [label.workspace]: 'ws_../../etc' } }),
    ).toBeUndefined();
    expect(readLabels({ ...container, labels: { ...labels, [label.spec]: '{' } })).toBeUndefined();
    const spec = JSON.stringify({ ...definition, mountPoint: '/etc' });
    expect(readLabels({ ...container, labels: { ...labels, [label.spec]: spec } })).toBeUndefined();
    const odd = { ...labels, [label.name]: 'a\u202eb', [label.project]: 'x', [label.createdAt]: 'yesterday' };
    expect(readLabels({ ...container, labels: odd })).toMatchObject({
      name: remoteName(id),
      projectId: null,
      createdAt: '1970-01-01T00:00:00.000Z',
    });
  });
});

describe('room on a host', () => {
  it('is read from df, whatever the device is called', () => {
    const head = 'Filesystem 1024-blocks Used Available Capacity Mounted on\n';
    expect(parseDf(`${head}/dev/sda1 1000 400 600 40% /\n`)).toEqual({ total: 1000, free: 600 });
    expect(parseDf(`${head}a b c 1000 400 600 40% /mnt/x y\n`)).toEqual({ total: 1000, free: 600 });
    expect(parseDf(`${head}btrfs 0 0 0 - /\n`)).toEqual({ total: 0, free: 0 });
    expect(parseDf('df: no such folder')).toBeUndefined();
  });
  const gib = 1024 ** 3;
  it.each([
    ['less than a gibibyte is free', 0.9 * gib, 100 * gib, null, true],
    ['95 % are used', 4 * gib, 100 * gib, null, true],
    ['95 % of a large disk are used', 40 * gib, 1000 * gib, null, false],
    ['there is room', 50 * gib, 100 * gib, null, false],
    ['few files fit', 50 * gib, 100 * gib, 5_000, true],
  ])('%s', (_name, freeBytes, totalBytes, freeInodes, isFull) => {
    const act = () => requireSpace({ freeBytes, totalBytes, freeInodes }, 'atlas', '/var/lib/docker');
    if (isFull) expect(act).toThrow(expect.objectContaining({ code: 'host.disk-full' }));
    else expect(act).not.toThrow();
  });
  it.each([
    ['engine.failed', '1000 1000 0 100%', '9 9 0 100%', 'host.disk-full'],
    ['workspace.start-failed', '900000 896000 3000 99%', '9 1 8 11%', 'host.disk-full'],
    ['engine.failed', '900000 1 890000 1%', '9 9 0 100%', 'host.disk-full'],
    ['engine.failed', '900000 800000 90000 90%', '9 1 8 11%', 'engine.failed'],
    // Which says already what it was.
    ['image.not-found', '1000 1000 0 100%', '9 9 0 100%', 'image.not-found'],
  ] as const)('behind %s, with %s and %s inodes: %s → %s', async (code, blocks, inodes, told) => {
    const exec = async ([, flags]: string[]) => ({
      exitCode: 0,
      stdout: `Filesystem\n/dev/sda1 ${flags === '-Pi' ? inodes : blocks} /var/lib\n`,
    });
    const link = { connection: { exec }, engineInfo: { rootFolder: '/var/lib/docker' }, hostName: 'atlas' };
    const error = new BerthError(code, 'The engine says: wait: unexpected.', { details: { n: 1 } });
    const { signal } = new AbortController();
    const behind = (await fullDiskBehind(error, link as unknown as ReadyLink, signal)) as BerthError;
    expect(behind.code).toBe(told);
    expect(behind.message).toContain('wait: unexpected.');
    expect(behind.details.n).toBe(1);
  });
});
