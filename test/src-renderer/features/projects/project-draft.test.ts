import { describe, expect, it } from 'vitest';
import { projectDefaults, projectMethods, type ProjectDefinition } from '#contract/projects.ts';
import {
  draftOf,
  editOf,
  freeName,
  nameForImage,
  newDraft,
  readDraft,
  readSize,
  servedRuntimes,
} from '#renderer/features/projects/project-draft.ts';
import { newApp } from '#renderer/features/projects/app-draft.ts';
import { sizeText } from '#renderer/state/project-words.ts';

const definition: ProjectDefinition = {
  name: 'Debian',
  image: 'debian:12',
  environment: [{ name: 'LANG', value: 'C.UTF-8' }],
  limits: { cpus: 0.5, memoryBytes: 1.5 * 1024 ** 3, pids: 256 },
  mountPoint: '/home/dev',
  profile: 'locked',
  runtime: 'runsc',
  shell: '/bin/zsh',
};

describe('sizes', () => {
  it('are read with their unit only', () => {
    expect(readSize('512 MiB')).toBe(512 * 1024 ** 2);
    expect(readSize('2g')).toBe(2 * 1024 ** 3);
    expect(readSize(' 1,5 GB ')).toBe(1.5 * 1024 ** 3);
    expect(readSize('64b')).toBe(64);
    for (const text of ['512', '', 'two GiB', '-1 GiB', '1 XiB', '1e3 MiB'])
      expect(readSize(text)).toBeUndefined();
  });
  it('are written so that they are read back exactly', () => {
    for (const bytes of [1, 1023, 1024, 700 * 1024 ** 2, 1.5 * 1024 ** 3, 2 * 1024 ** 4, 123_456_789])
      expect(readSize(sizeText(bytes))).toBe(bytes);
    expect(sizeText(2 * 1024 ** 3)).toBe('2 GiB');
  });
});

describe('a draft', () => {
  it('means what it was made of', () => {
    expect(readDraft(draftOf(definition))).toEqual({ definition });
    const open = { ...definition, limits: { cpus: null, memoryBytes: null, pids: 512 }, shell: null };
    expect(readDraft(draftOf(open))).toEqual({ definition: open });
  });

  it('begins with the defaults, and lacks only name and image', () => {
    const read = readDraft(newDraft());
    expect('errors' in read && Object.keys(read.errors).sort()).toEqual(['image', 'name']);
    expect(readDraft({ ...newDraft(), name: 'A', image: 'alpine' })).toEqual({
      definition: { ...projectDefaults, environment: [], name: 'A', image: 'alpine' },
    });
  });

  it('names each field that breaks a rule', () => {
    const read = readDraft({
      ...draftOf(definition),
      image: 'Not An Image',
      cpus: 'many',
      memory: '512',
      pids: '3.5',
      mountPoint: '/proc/x',
      shell: 'bash',
    });
    expect('errors' in read && Object.keys(read.errors).sort()).toEqual([
      'image',
      'limits.cpus',
      'limits.memoryBytes',
      'limits.pids',
      'mountPoint',
      'shell',
    ]);
  });

  it('leaves out empty variables and names wrong ones by their row', () => {
    const variables = [
      { key: 'a', name: '', value: '' },
      { key: 'b', name: '1X', value: 'v' },
      { key: 'c', name: 'OK', value: '' },
      { key: 'd', name: 'OK', value: '2' },
    ];
    const read = readDraft({ ...draftOf(definition), environment: variables });
    expect('errors' in read && Object.keys(read.errors).sort()).toEqual(['environment.b', 'environment.d']);
  });
});

describe('names', () => {
  it('come from the image', () => {
    const free = () => false;
    expect(nameForImage('debian:12', free)).toBe('Debian');
    expect(nameForImage('registry.example:5000/team/my-tool:v1@sha256:00', free)).toBe('My-tool');
    expect(nameForImage('localhost:5000/tool', free)).toBe('Tool');
    expect(nameForImage('sha256:0123456789ab', free)).toBe('');
    expect(nameForImage('', free)).toBe('');
  });
  it('give way to those in use', () => {
    const taken = new Set(['debian', 'debian 2']);
    expect(freeName('debian', (name) => taken.has(name))).toBe('debian 3');
  });
});

describe('runtimes', () => {
  it('are those that the host can serve', () => {
    expect(servedRuntimes([])).toEqual(['default']);
    expect(servedRuntimes(['io.containerd.runc.v2', 'runc', 'kata-runtime'])).toEqual([
      'default',
      'runc',
      'kata',
    ]);
    expect(servedRuntimes(['runsc'])).toEqual(['default', 'runsc']);
  });
});

const desktop: ProjectDefinition = {
  ...definition,
  description: 'A browser to look at things with.',
  kind: 'desktop',
  apps: [
    {
      name: 'Screen',
      port: 5900,
      protocol: 'vnc',
      path: '/',
      login: { how: 'none' },
      isMain: true,
      soundPort: 4711,
    },
    {
      name: 'Lab',
      port: 8888,
      protocol: 'http',
      path: '/lab',
      login: { how: 'header', name: 'Authorization', prefix: 'token ' },
      isMain: false,
    },
    {
      name: 'Code',
      port: 8443,
      protocol: 'https',
      path: '/',
      login: { how: 'form', path: '/login', field: 'password' },
      isMain: false,
    },
    {
      name: 'Desk',
      port: 3000,
      protocol: 'http',
      path: '/',
      login: { how: 'basic', user: 'abc' },
      isMain: false,
    },
  ],
  sharedMemoryBytes: 1024 ** 3,
  start: 'image',
  accessPassword: { variable: 'PASSWORD', delivery: 'file' },
  recipe: 'browser',
};

describe('a draft of a desktop', () => {
  it('means what it was made of', () => {
    expect(readDraft(draftOf(desktop))).toEqual({ definition: desktop });
  });

  it('names the field of the app that breaks a rule, whatever rows are empty above it', () => {
    const { apps } = draftOf(desktop);
    const read = readDraft({
      ...draftOf(desktop),
      apps: [
        newApp('blank', false),
        ...apps.map((app) => ({
          ...app,
          ...(app.name === 'Lab' ? { port: '99999', header: 'no header', path: 'lab' } : {}),
          ...(app.name === 'Code' ? { port: 'eighty', formPath: '//evil.example' } : {}),
          ...(app.name === 'Desk' ? { name: ' ' } : {}),
          ...(app.name === 'Screen' ? { soundPort: 'loud' } : {}),
        })),
      ],
      passwordVariable: '1PASSWORD',
      sharedMemory: '64',
    });
    expect('errors' in read && Object.keys(read.errors).sort()).toEqual([
      'accessPassword.variable',
      'apps.a0.soundPort',
      'apps.a1.header',
      'apps.a1.path',
      'apps.a1.port',
      'apps.a2.formPath',
      'apps.a2.port',
      'apps.a3.name',
      'sharedMemoryBytes',
    ]);
  });

  it('names a port that is there twice at the second', () => {
    const draft = draftOf(desktop);
    const read = readDraft({ ...draft, apps: draft.apps.map((app) => ({ ...app, port: '80' })) });
    expect('errors' in read && read.errors).toMatchObject({
      'apps.a1.port': 'is there twice',
      'apps.a3.port': 'is there twice',
    });
    expect('errors' in read && read.errors['apps.a0.port']).toBeUndefined();
  });

  it('takes back what a project had, when it is saved without it', () => {
    const plain = readDraft({ ...draftOf(desktop), ...draftOf(definition) });
    if ('errors' in plain) throw new Error('it has errors');
    const edit = editOf(plain.definition);
    expect(edit).toMatchObject({
      description: null,
      kind: 'shell',
      apps: [],
      sharedMemoryBytes: null,
      start: 'berth',
      accessPassword: null,
      recipe: null,
    });
    const input = { id: 'proj_00000000000000000001', ...edit };
    expect(projectMethods['projects.edit'].input.safeParse(input).success).toBe(true);
    expect(editOf(desktop)).toEqual(desktop);
  });
});
