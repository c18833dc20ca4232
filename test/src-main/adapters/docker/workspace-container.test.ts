/** Nothing that a person types can widen the container: checked over arbitrary specs, against the whole request. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HardeningProfile, Limits } from '#contract/projects.ts';
import { type ContainerChoices, workspaceContainerBody } from '#main/adapters/docker/workspace-container.ts';
import type { WorkspaceContainerSpec } from '#main/control-plane/interfaces/container-engine.ts';

const hostile = fc.oneof(
  fc.string(),
  fc.constantFrom(
    'host',
    'container:other',
    '/var/run/docker.sock:/x',
    '__proto__',
    'HostConfig',
    '"},"Privileged":true',
    '../..',
  ),
);
const specs: fc.Arbitrary<WorkspaceContainerSpec> = fc.record({
  containerName: hostile,
  image: hostile,
  hostname: hostile,
  volumeName: hostile,
  networkName: hostile,
  mountPoint: hostile.map((text) => `/${text}`),
  environment: fc.array(fc.record({ name: hostile, value: hostile })),
  limits: fc.record({
    cpus: fc.option(fc.double({ min: 0.05, max: 1024, noNaN: true })),
    memoryBytes: fc.option(fc.integer({ min: 16 * 1024 * 1024 })),
    pids: fc.integer({ min: 16, max: 1_000_000 }),
  }),
  profile: fc.constantFrom(...HardeningProfile.options),
  sharedMemoryBytes: fc.option(fc.integer({ min: 1024 ** 2 }), { nil: undefined }),
  start: fc.option(fc.constantFrom('berth', 'image'), { nil: undefined }),
  runtime: hostile,
  labels: fc.dictionary(hostile, hostile),
  stopGraceSeconds: fc.integer({ min: 0, max: 600 }),
});
const choices: fc.Arbitrary<ContainerChoices> = fc.record({
  image: fc.record({
    entrypoint: fc.array(hostile),
    command: fc.array(hostile),
    environment: fc.array(hostile),
    workingFolder: hostile,
    stopSignal: hostile,
    hasShell: fc.boolean(),
  }),
  user: fc.record({
    user: hostile,
    home: fc.option(hostile),
    uid: fc.option(fc.nat(), { nil: undefined }),
    gid: fc.option(fc.nat(), { nil: undefined }),
  }),
  keepAliveScript: fc.constant('script'),
  canLimitOpenFiles: fc.boolean(),
});

const topLevel = [
  'Image',
  'Hostname',
  'User',
  'Entrypoint',
  'Cmd',
  'Env',
  'WorkingDir',
  'Labels',
  'Tty',
  'OpenStdin',
  'StdinOnce',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'StopSignal',
  'StopTimeout',
  'HostConfig',
];
const hostLevel = [
  'Privileged',
  'CapDrop',
  'CapAdd',
  'SecurityOpt',
  'ReadonlyRootfs',
  'Tmpfs',
  'Devices',
  'DeviceCgroupRules',
  'DeviceRequests',
  'PidMode',
  'IpcMode',
  'UTSMode',
  'CgroupnsMode',
  'UsernsMode',
  'PidsLimit',
  'Memory',
  'MemorySwap',
  'NanoCpus',
  'CpuShares',
  'OomScoreAdj',
  'Ulimits',
  'ShmSize',
  'Mounts',
  'NetworkMode',
  'PublishAllPorts',
  'PortBindings',
  'Init',
  'AutoRemove',
  'RestartPolicy',
  'LogConfig',
  'Runtime',
];

test('no spec widens the container', () => {
  fc.assert(
    fc.property(specs, choices, (spec, chosen) => {
      const body: Record<string, unknown> = JSON.parse(JSON.stringify(workspaceContainerBody(spec, chosen)));
      expect(Object.keys(body).filter((name) => !topLevel.includes(name))).toEqual([]);
      const host = body.HostConfig as Record<string, unknown>;
      expect(Object.keys(host).filter((name) => !hostLevel.includes(name))).toEqual([]);
      expect(host).toMatchObject({
        Privileged: false,
        CapDrop: ['ALL'],
        CapAdd:
          spec.profile === 'root-inside'
            ? ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETUID']
            : [],
        SecurityOpt: ['no-new-privileges:true'],
        ReadonlyRootfs: spec.profile === 'locked',
        Devices: [],
        DeviceCgroupRules: [],
        DeviceRequests: [],
        PidMode: '',
        IpcMode: 'private',
        UTSMode: '',
        CgroupnsMode: 'private',
        UsernsMode: '',
        PublishAllPorts: false,
        PortBindings: {},
        PidsLimit: spec.limits.pids,
        RestartPolicy: { Name: 'unless-stopped' },
        AutoRemove: false,
        Init: spec.start !== 'image',
        ShmSize: spec.sharedMemoryBytes ?? 64 * 1024 ** 2,
      });
      expect(host.Mounts).toEqual([
        {
          Type: 'volume',
          Source: spec.volumeName,
          Target: spec.mountPoint,
          ReadOnly: false,
          VolumeOptions: { NoCopy: true },
        },
      ]);
      for (const options of Object.values(host.Tmpfs as Record<string, string>))
        expect(options).toMatch(/^rw,nosuid,nodev,/);
      expect(host.Memory).toBe(host.MemorySwap);
    }),
    { numRuns: 500 },
  );
});

const chosen: ContainerChoices = {
  image: {
    entrypoint: ['/entry'],
    command: ['serve'],
    environment: ['PATH=/bin'],
    workingFolder: '',
    stopSignal: 'SIGQUIT',
    hasShell: true,
  },
  user: { user: '1000:1000', home: null, uid: 1000, gid: 1000 },
  keepAliveScript: 'SCRIPT',
  canLimitOpenFiles: true,
};
const spec: WorkspaceContainerSpec = {
  containerName: 'berth-a',
  image: 'debian:12',
  hostname: 'a',
  volumeName: 'a-files',
  networkName: 'a-net',
  mountPoint: '/home/dev',
  environment: [{ name: 'A', value: 'b=c' }],
  limits: { cpus: 0.5, memoryBytes: 1024 ** 3, pids: 512 },
  profile: 'standard',
  runtime: 'default',
  labels: { 'dev.berth.managed': '1' },
  stopGraceSeconds: 10,
};

describe('what it says', () => {
  test('an image whose own init is process 1 is started as it is', () => {
    const own = workspaceContainerBody({ ...spec, start: 'image', sharedMemoryBytes: 1024 ** 3 }, chosen);
    for (const name of ['Entrypoint', 'Cmd', 'StopSignal']) expect(own).not.toHaveProperty(name);
    expect(own.HostConfig).toMatchObject({ Init: false, ShmSize: 1024 ** 3 });
    const kept = workspaceContainerBody({ ...spec, start: 'berth' }, chosen);
    expect(kept).toMatchObject({ Cmd: ['/entry', 'serve'], StopSignal: 'SIGTERM' });
    expect(kept.HostConfig).toMatchObject({ Init: true, ShmSize: 64 * 1024 ** 2 });
  });

  test('limits as the engine counts them', () => {
    expect(Limits.safeParse(spec.limits).success).toBe(true);
    expect(workspaceContainerBody(spec, chosen).HostConfig).toMatchObject({
      Memory: 1024 ** 3,
      MemorySwap: 1024 ** 3,
      NanoCpus: 500_000_000,
      NetworkMode: 'a-net',
    });
    const free = workspaceContainerBody(
      { ...spec, limits: { cpus: null, memoryBytes: null, pids: 16 } },
      chosen,
    );
    expect(free.HostConfig).not.toHaveProperty('Memory');
    expect(free.HostConfig).not.toHaveProperty('NanoCpus');
  });
  test('the image’s command under keep-alive, with its stop signal', () => {
    const body = workspaceContainerBody(spec, chosen);
    expect(body).toMatchObject({
      Entrypoint: ['/bin/sh', '-c', 'SCRIPT', 'berth', 'QUIT'],
      Cmd: ['/entry', 'serve'],
      OpenStdin: true,
      Tty: false,
    });
  });
  test('without a shell in the image its own command runs', () => {
    const body = workspaceContainerBody(spec, { ...chosen, image: { ...chosen.image, hasShell: false } });
    expect(body).not.toHaveProperty('Entrypoint');
    expect(body).not.toHaveProperty('Cmd');
  });
  test.each(['', 'SIGRTMIN+3', '$(x)', 'TERM; rm'])('an odd stop signal %j becomes TERM', (stopSignal) => {
    const body = workspaceContainerBody(spec, { ...chosen, image: { ...chosen.image, stopSignal } });
    expect(body.Entrypoint?.at(-1)).toBe('TERM');
  });
  test('a home, unless someone says one', () => {
    expect(workspaceContainerBody(spec, chosen).Env).toEqual(['HOME=/home/dev', 'A=b=c']);
    expect(
      workspaceContainerBody({ ...spec, environment: [{ name: 'HOME', value: '/x' }] }, chosen).Env,
    ).toEqual(['HOME=/x']);
    const known = { ...chosen, user: { ...chosen.user, home: '/home/app' } };
    expect(workspaceContainerBody(spec, known).Env).toEqual(['A=b=c']);
  });
  test('a runtime only when chosen; no limit of files where the engine cannot set one', () => {
    expect(workspaceContainerBody(spec, chosen).HostConfig).not.toHaveProperty('Runtime');
    expect(workspaceContainerBody({ ...spec, runtime: 'runsc' }, chosen).HostConfig).toHaveProperty(
      'Runtime',
      'runsc',
    );
    expect(workspaceContainerBody(spec, { ...chosen, canLimitOpenFiles: false }).HostConfig.Ulimits).toEqual([
      { Name: 'core', Soft: 0, Hard: 0 },
    ]);
  });
  test('locked: no scratch folder over the volume', () => {
    const { Tmpfs } = workspaceContainerBody(
      { ...spec, profile: 'locked', mountPoint: '/tmp' },
      chosen,
    ).HostConfig;
    expect(Object.keys(Tmpfs).sort()).toEqual(['/run', '/var/tmp']);
  });
});
