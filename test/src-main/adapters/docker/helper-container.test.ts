/** What a helper is allowed, and how an engine's refusal of a mount is read. */
import { expect, test } from 'vitest';
import { engineAnswerError } from '#main/adapters/docker/docker-error.ts';
import { helperContainerBody, missingSource } from '#main/adapters/docker/helper-container.ts';
import type { HelperSpec } from '#main/control-plane/interfaces/helper-container.ts';

const tools = { image: 'berth-helper:1', folders: ['/usr'], python: '/usr/bin/python3' };
const bodyOf = (
  over: Partial<HelperSpec> = {},
  life: 'attached' | 'detached' = 'attached',
  hasInput = true,
) =>
  helperContainerBody(
    { name: 'h', labels: {}, args: ['create', 'x'], mounts: [], capabilities: [], ...over },
    { tools, life, hasInput, program: '/berth/snapshot-helper.py' },
  );

test('one in our hands: its whole description', () => {
  expect(bodyOf({ labels: { 'dev.berth.helper': 'no', 'dev.berth.workspace': 'ws_1' } })).toEqual({
    Image: 'berth-helper:1',
    Entrypoint: ['/usr/bin/python3', '-I', '-B', '/berth/snapshot-helper.py'],
    Cmd: ['create', 'x'],
    User: '0:0',
    Hostname: 'h',
    Env: ['LC_ALL=C', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/', 'PYTHONDONTWRITEBYTECODE=1'],
    WorkingDir: '/',
    Labels: {
      'dev.berth.workspace': 'ws_1',
      'dev.berth.managed': '1',
      'dev.berth.helper': '1',
      'dev.berth.helper-attached': '1',
    },
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    StopSignal: 'SIGTERM',
    HostConfig: {
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: [],
      SecurityOpt: ['no-new-privileges:true', 'label=disable'],
      UsernsMode: 'host',
      ReadonlyRootfs: true,
      Tmpfs: {
        '/tmp': 'rw,nosuid,nodev,noexec,size=16m,mode=1777',
        '/run': 'rw,nosuid,nodev,noexec,size=16m,mode=0755',
      },
      NetworkMode: 'none',
      IpcMode: 'private',
      PidMode: '',
      CgroupnsMode: 'private',
      PidsLimit: 256,
      Memory: 1_073_741_824,
      MemorySwap: 1_073_741_824,
      OomScoreAdj: 0,
      Mounts: [
        {
          Type: 'bind',
          Source: '/usr',
          Target: '/usr',
          ReadOnly: true,
          BindOptions: { Propagation: 'rprivate' },
        },
      ],
      Binds: [],
      Init: true,
      AutoRemove: true,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'none', Config: {} },
    },
  });
});

test('one on its own stays and is logged; without input it has none', () => {
  const body = bodyOf({ network: 'host', memoryBytes: 5, capabilities: ['CHOWN'] }, 'detached', false);
  expect(body).toMatchObject({ OpenStdin: false, StdinOnce: false, AttachStdin: false, AttachStdout: false });
  expect(body.Labels).not.toHaveProperty('dev.berth.helper-attached');
  expect(body.HostConfig).toMatchObject({
    AutoRemove: false,
    NetworkMode: 'host',
    Memory: 5,
    CapAdd: ['CHOWN'],
    LogConfig: { Type: 'json-file', Config: { 'max-size': '20m', 'max-file': '2' } },
  });
});

test('mounts: only a folder that may be made is left to the engine to make', () => {
  const folder = { kind: 'folder', source: '/s', target: '/store', isReadOnly: true } as const;
  const { Mounts, Binds } = bodyOf({
    mounts: [
      { kind: 'volume', source: 'v', target: '/src', isReadOnly: true, mayCreate: true },
      folder,
      { ...folder, source: '/new', target: '/dst', isReadOnly: false, mayCreate: true },
    ],
  }).HostConfig;
  expect(Mounts.slice(1)).toEqual([
    { Type: 'volume', Source: 'v', Target: '/src', ReadOnly: true, VolumeOptions: { NoCopy: true } },
    {
      Type: 'bind',
      Source: '/s',
      Target: '/store',
      ReadOnly: true,
      BindOptions: { Propagation: 'rprivate' },
    },
  ]);
  expect(Binds).toEqual(['/new:/dst:rw,rprivate']);
  for (const source of ['/a:/etc', 'relative'])
    expect(() => bodyOf({ mounts: [{ ...folder, source, mayCreate: true }] })).toThrow('without a colon');
});

test.each([
  ['invalid mount config for type "bind": bind source path does not exist: /a/b c', '/a/b c'],
  ['statfs /a/b: no such file or directory', '/a/b'],
  ['No such image: berth-helper:1', undefined],
])('%s', (message, path) => {
  expect(missingSource(engineAnswerError('create', 400, message))).toBe(path);
});

test('one in the network of a workspace has that network and its name, and no more rights for it', () => {
  const body = bodyOf({ network: { containerId: 'abc' } });
  expect(body.HostConfig.NetworkMode).toBe('container:abc');
  expect(body).not.toHaveProperty('Hostname');
  expect(body.HostConfig.CapAdd).toEqual([]);
});
