/** What the main things look like, for readers of the documentation. A test holds each against its schema. */
import type { InputOf } from '#contract/index.ts';
import type { Operation } from '#contract/operations.ts';
import type { Project } from '#contract/projects.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Problem } from './rest/problem.ts';

const project: Project = {
  id: 'proj_4q0d8m1x7r2k5v9a3c6e',
  name: 'Website',
  image: 'debian:12',
  environment: [{ name: 'NODE_ENV', value: 'development' }],
  limits: { cpus: 2, memoryBytes: 2_147_483_648, pids: 512 },
  mountPoint: '/home/dev',
  profile: 'standard',
  runtime: 'default',
  shell: null,
  createdAt: '2026-03-02T09:15:00.000Z',
  changedAt: '2026-03-02T09:15:00.000Z',
};

const workspace: Workspace = {
  id: 'ws_8h2n6t0b4j1s5w9y3f7g',
  name: 'Website, main',
  projectId: project.id,
  projectName: project.name,
  hostId: 'host_1p5u9d3x7m2q6z0a4k8r',
  image: project.image,
  imageDigest: null,
  mountPoint: project.mountPoint,
  profile: project.profile,
  runtime: 'runc',
  limits: project.limits,
  desired: 'running',
  state: 'running',
  lastKnown: null,
  problem: null,
  containerId: '3f4e8c1d2b7a',
  volumeName: 'berth-8h2n6t0b4j1s5w9y3f7g',
  startedAt: '2026-03-02T09:20:11.000Z',
  createdAt: '2026-03-02T09:20:03.000Z',
  isAdopted: false,
  operationId: null,
  move: null,
};

const operation: Operation = {
  id: 'op_6v0c4e8h2l5n9q3s7u1w',
  kind: 'workspace.start',
  title: 'Start Website, main',
  subject: { kind: 'workspace', id: workspace.id, name: workspace.name },
  hostId: workspace.hostId,
  state: 'running',
  steps: [
    {
      id: 'start',
      title: 'Start the container',
      state: 'running',
      startedAt: '2026-03-02T09:20:10.000Z',
      endedAt: null,
      progress: null,
      note: '',
    },
  ],
  error: null,
  canCancel: true,
  startedAt: '2026-03-02T09:20:10.000Z',
  endedAt: null,
};

const problem: Problem = {
  type: '/api/docs#code-invalid-input',
  title: 'Something in the input is not valid',
  status: 400,
  detail: 'Not valid: name: must not be empty.',
  instance: 'urn:uuid:6f1c2b1e-3b0a-4f55-9a9e-0f6a5d0c7b21',
  code: 'invalid-input',
  errors: [{ field: 'name', message: 'must not be empty' }],
  error: {
    code: 'invalid-input',
    message: 'Not valid: name: must not be empty.',
    details: { fields: ['name: must not be empty'] },
  },
};

/** By the name of their schema. */
export const schemaExamples: Readonly<Record<string, unknown>> = {
  Operation: operation,
  Problem: problem,
  Project: project,
  Workspace: workspace,
};

const { id: _id, createdAt: _createdAt, changedAt: _changedAt, ...definition } = project;

/** Bodies of requests, by method; without what is in the path. */
export const requestExamples: {
  readonly [M in
    | 'projects.create'
    | 'workspaces.create'
    | 'snapshots.create'
    | 'terminals.open'
    | 'apiKeys.create']: InputOf<M>;
} = {
  'projects.create': definition,
  'workspaces.create': {
    name: workspace.name,
    projectId: project.id,
    hostId: workspace.hostId,
    volumeName: null,
  },
  'snapshots.create': { workspaceId: workspace.id, name: 'Before the upgrade' },
  'terminals.open': {
    target: { kind: 'workspace', workspaceId: workspace.id },
    size: { cols: 120, rows: 32 },
    name: null,
  },
  'apiKeys.create': { name: 'CI', scopes: ['workspaces.read', 'workspaces.write'], expiresInDays: 90 },
};
