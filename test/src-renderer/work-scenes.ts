/** States of the pages about work for pictures: readings, logs, plans, every state of a workspace, the vault. */
import type { Credential, SecretStoreStatus } from '#contract/credentials.ts';
import type { HostCandidate } from '#contract/hosts.ts';
import type { LogLine, Operation } from '#contract/operations.ts';
import type { Workspace, WorkspaceStats } from '#contract/workspaces.ts';
import { host, project, ready, type Scene, terminal, workspace } from './scenes.ts';

const body = (n: number) => String(n).padStart(20, '0');
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const digest = `sha256:${'3f1c9a7e'.repeat(8)}`;

const readings: readonly WorkspaceStats[] = Array.from({ length: 120 }, (_, index) => ({
  at: ago(120 - index),
  cpus: 0.6 + Math.sin(index / 9) * 0.5 + (index % 17 === 0 ? 0.5 : 0),
  cpuLimit: 2,
  memoryBytes: Math.round(420 * 1024 ** 2 + index * 1.8 * 1024 ** 2),
  memoryLimitBytes: 2 * 1024 ** 3,
  networkInBytesPerSecond: Math.max(0, Math.sin(index / 5)) * 900_000,
  networkOutBytesPerSecond: Math.max(0, Math.cos(index / 7)) * 120_000,
  diskReadBytesPerSecond: index % 30 < 4 ? 4_000_000 : 0,
  diskWriteBytesPerSecond: index % 12 < 2 ? 900_000 : 12_000,
  pids: 23,
}));

const output = `${Array.from(
  { length: 160 },
  (_, index) =>
    `\u001b[90m${ago(160 - index)}\u001b[0m \u001b[3${1 + (index % 6)}m${index % 9 === 0 ? 'WARN' : 'INFO'}\u001b[0m request ${index} GET /api/v1/things/${index * 7} took ${(index * 13) % 240} ms`,
).join('\n')}\nA line that is so long that it has to be wrapped: ${'abcdefghij '.repeat(40)}\n`;

const screen = [
  'dev@api-server:~/api$ npm test',
  '\u001b[32m ✓\u001b[39m routes/things.test.ts (48 tests) 412 ms',
  '\u001b[32m ✓\u001b[39m routes/a-name-that-is-longer-than-its-card-is-wide-by-far.test.ts (7 tests)',
  '\u001b[31m ✗\u001b[39m routes/users.test.ts (12 tests, 1 failed) 88 ms',
  '   expected 200, received 404',
  'dev@api-server:~/api$ ',
].join('\r\n');

const layers = Array.from({ length: 9 }, (_, index) => ({
  id: (0xa3ed95ca + index * 7919).toString(16).padStart(12, '0'),
  label: index < 4 ? 'Pull complete' : index < 7 ? 'Downloading' : 'Waiting',
  done: index < 4 ? 12_000_000 : index < 7 ? 4_000_000 * (index - 3) : 0,
  total: index < 7 ? 12_000_000 : null,
}));

const pulling: Operation = {
  id: `op_${body(1)}`,
  kind: 'workspace.create',
  title: 'Create “notebook” on “atlas”',
  subject: { kind: 'workspace', id: `ws_${body(2)}`, name: 'notebook' },
  hostId: `host_${body(1)}`,
  state: 'running',
  steps: [
    step('check', 'Check the host', 'done', { note: '84 GiB free', startedAt: ago(24), endedAt: ago(23) }),
    step('image', 'Get the image', 'running', {
      startedAt: ago(22),
      note: 'pulling quay.io/jupyter/base-notebook:latest',
      progress: { done: 76_000_000, total: 108_000_000, unit: 'bytes', parts: layers },
    }),
    step('network', 'Make its network', 'waiting'),
    step('volume', 'Make its volume', 'waiting'),
    step('container', 'Make its container', 'waiting'),
    step('start', 'Start it', 'waiting'),
    step('settle', 'Wait until it runs', 'waiting'),
  ],
  error: null,
  canCancel: true,
  startedAt: ago(24),
  endedAt: null,
};

function step(
  id: string,
  title: string,
  state: Operation['steps'][number]['state'],
  more: Partial<Operation['steps'][number]> = {},
): Operation['steps'][number] {
  return { id, title, state, startedAt: null, endedAt: null, progress: null, note: '', ...more };
}

const failed: Operation = {
  ...pulling,
  id: `op_${body(2)}`,
  title: 'Create “trainer” on “atlas”',
  subject: { kind: 'workspace', id: `ws_${body(77)}`, name: 'trainer' },
  state: 'failed',
  canCancel: false,
  steps: [
    step('check', 'Check the host', 'undone', { startedAt: ago(900), endedAt: ago(899) }),
    step('image', 'Get the image', 'failed', { startedAt: ago(899), endedAt: ago(840) }),
    step('network', 'Make its network', 'skipped'),
  ],
  error: {
    code: 'image.access-denied',
    message:
      'The registry ghcr.io refused access to team/private-trainer:latest. It is private, or does not exist. Sign in to it on the host, then try again.',
    details: { reference: 'ghcr.io/team/private-trainer:latest', status: 403 },
  },
  startedAt: ago(900),
  endedAt: ago(838),
};

const log: readonly LogLine[] = [
  { at: ago(24), step: 'check', level: 'info', text: 'the engine is 27.3.1' },
  { at: ago(22), step: 'image', level: 'command', text: 'docker pull quay.io/jupyter/base-notebook:latest' },
  { at: ago(14), step: 'image', level: 'warning', text: 'the registry is slow: 1.2 MiB/s' },
  { at: ago(10), step: 'container', level: 'command', text: 'docker create --name berth-notebook-3f1c … ' },
  { at: ago(9), step: 'container', level: 'error', text: 'a line\nand another' },
];

const states: readonly Workspace[] = [
  { ...workspace(1, 'api-server', 1, 'running'), imageDigest: digest, startedAt: ago(8000) },
  { ...workspace(2, 'notebook', 1, 'creating'), operationId: pulling.id, containerId: null },
  workspace(3, 'scratch', 3, 'stopped'),
  {
    ...workspace(4, 'crawler', 2, 'unknown'),
    lastKnown: { state: 'running', at: ago(600) },
  },
  {
    ...workspace(5, 'broken', 1, 'failed'),
    problem: {
      code: 'workspace.out-of-memory',
      message:
        'It ran out of its 2 GiB of memory six times in five minutes. Give it more in its project, then make it again.',
      details: { exitCode: 137 },
    },
  },
  { ...workspace(6, 'gone', 1, 'missing'), containerId: null },
  workspace(7, 'frozen', 1, 'paused'),
  {
    ...workspace(8, 'found', 1, 'running'),
    isAdopted: true,
    note: 'Started on the host, outside Berth.',
    imageDigest: digest,
  },
  { ...workspace(9, 'orphan', 99, 'unknown'), projectId: null },
];

const credentials: readonly Credential[] = [
  {
    id: `cred_${body(1)}`,
    label: 'dev@atlas',
    kind: 'password',
    publicKey: null,
    createdAt: ago(86_400 * 3),
  },
  {
    id: `cred_${body(2)}`,
    label: 'Deploy key of the build farm, which has a rather long label',
    kind: 'private-key',
    publicKey: {
      type: 'ssh-ed25519',
      fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDcZqFPxSy0ZqQyzqc',
      isEncrypted: true,
    },
    createdAt: ago(86_400 * 40),
  },
];

const vault = (state: SecretStoreStatus['state'], vaultExists: boolean): SecretStoreStatus => ({
  backend: vaultExists ? 'vault' : 'keychain',
  name: vaultExists ? 'vault file' : 'Secret Service',
  state,
  detail: vaultExists ? '' : 'No Secret Service answers on the session bus. Start one, or make a vault.',
  vaultExists,
});

const work: Scene = {
  hosts: [
    host(1, 'atlas', ready(12)),
    host(2, 'do-fra1', {
      phase: 'lost',
      sinceAt: ago(600),
      attempt: 3,
      retryAt: ago(-20),
      isWaitingForNetwork: false,
      error: { code: 'host.unreachable', message: 'No answer from 203.0.113.7.', details: {} },
    }),
    host(3, 'This computer', ready(0.4), true),
  ],
  workspaces: states,
  terminals: [terminal(1, 'bash', 1), terminal(2, 'npm run dev', 1)],
  projects: [
    project,
    { ...project, id: `proj_${body(2)}`, name: 'Jupyter', image: 'quay.io/jupyter/base-notebook:latest' },
  ],
  operations: [pulling, failed],
  credentials,
  readings,
  output,
  screen,
  operationLog: log,
  images: ['debian:12', 'node:24-bookworm', 'quay.io/jupyter/base-notebook:latest'],
  keptVolumes: [
    {
      name: 'berth-old-3f1c',
      hostId: `host_${body(1)}`,
      workspaceName: 'old-api',
      createdAt: ago(86_400 * 9),
      sizeBytes: 1_400_000_000,
    },
  ],
};

export const workScenes = {
  work,
  'vault-locked': { ...work, secretStore: vault('locked', true) },
  'vault-open': { ...work, secretStore: vault('ready', true) },
  'vault-missing': { credentials: [], secretStore: vault('missing', false) },
  'first-run': {
    candidates: {
      candidates: [
        {
          source: 'engine-socket',
          name: 'This computer',
          detail: 'Docker Engine 27.3.1 at /var/run/docker.sock',
          definition: { kind: 'local', socketPath: null },
        },
        ...['atlas', 'build-farm', 'nas', 'edge-01', 'edge-02', 'edge-03'].map(
          (name): HostCandidate => ({
            source: 'ssh-config',
            name,
            detail: `dev@${name}.example`,
            definition: {
              kind: 'ssh',
              configName: name,
              address: null,
              port: null,
              user: null,
              auth: { method: 'automatic' },
              jumps: [],
              engineSocket: null,
            },
          }),
        ),
      ],
      agent: null,
      warnings: [],
    },
  },
} satisfies Record<string, Scene>;
