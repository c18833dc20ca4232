/** States of ports, forwards and web apps for pictures and flows: a usual day, trouble of each kind, none, many, long names. */
import type { Forward, ForwardRules, ListeningPort, WorkspacePorts } from '#contract/forwards.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { host, project, ready, type Scene, terminal, workspace } from './scenes.ts';

const body = (n: number) => String(n).padStart(20, '0');
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const mib = 1024 ** 2;

export const unused = {
  ...{ sentBytes: 0, receivedBytes: 0, connections: 0, allConnections: 0, usedAt: null },
};

export function forward(n: number, workspaceN: number, more: Partial<Forward> = {}): Forward {
  return {
    id: `fwd_${body(n)}`,
    workspaceId: `ws_${body(workspaceN)}`,
    ...{ kind: 'app', name: '', port: 3000, protocol: 'http', localPort: null },
    origin: `http://api-server-${more.port ?? 3000}.localhost:47100`,
    ...{ path: '/', login: { how: 'none' }, hostHeader: 'kept', isByRule: false, isWanted: true },
    ...{ state: 'ready', problem: null, traffic: unused, createdAt: ago(600) },
    ...more,
  };
}

export function listening(port: number, more: Partial<ListeningPort> = {}): ListeningPort {
  return {
    ...{ port, reach: 'network', program: null, protocol: null, name: '', sinceAt: ago(30) },
    ...more,
  };
}

const busy = {
  sentBytes: 20_480,
  receivedBytes: Math.round(3.1 * mib),
  ...{ connections: 2, allConnections: 41, usedAt: ago(0) },
};

const forwards: readonly Forward[] = [
  forward(1, 1, { name: 'Shop', traffic: busy }),
  forward(2, 1, {
    ...{ kind: 'tcp', port: 5432, protocol: 'tcp', localPort: 5432, origin: null },
    traffic: { ...busy, connections: 0, sentBytes: 812 * mib, receivedBytes: 9 * mib, usedAt: ago(95) },
  }),
  forward(3, 1, { kind: 'socks', port: null, protocol: 'tcp', localPort: 1080, origin: null }),
  forward(4, 1, {
    ...{ kind: 'remote', name: 'Debugger', port: 9003, protocol: 'tcp', localPort: 9003, origin: null },
  }),
  forward(5, 1, { port: 8080, isByRule: true }),
  forward(6, 2, {
    ...{ name: 'Lab', port: 8888, path: '/lab', origin: 'http://notebook-8888.localhost:47100' },
    login: { how: 'header', name: 'Authorization', prefix: 'token ' },
    ...{ state: 'waiting' },
    problem: {
      code: 'workspace.not-running',
      message: 'notebook does not run. Start it, and the forward leads there again.',
      details: {},
    },
  }),
  forward(7, 1, {
    ...{ kind: 'tcp', port: 6379, protocol: 'tcp', localPort: 6379, origin: null, state: 'failed' },
    problem: {
      code: 'forward.port-taken',
      message: 'Another program listens on 127.0.0.1:6379. End it, or give this forward another local port.',
      details: {},
    },
  }),
  forward(8, 1, { port: 4000, isWanted: false, state: 'stopped' }),
  forward(9, 3, {
    ...{ port: 3000, origin: 'http://crawler-3000.localhost:47100', state: 'waiting' },
    problem: { code: 'connection-lost', message: 'do-fra1 does not answer since a minute ago.', details: {} },
  }),
];

const ports: readonly ListeningPort[] = [
  listening(3000, { program: 'node', protocol: 'http', name: 'Shop' }),
  listening(5432, { program: 'postgres', protocol: 'tcp', name: 'PostgreSQL', reach: 'loopback' }),
  listening(5900, { program: 'Xvnc', protocol: 'vnc', name: 'Screen', reach: 'loopback' }),
  listening(8080, { program: 'python3', protocol: 'http' }),
  listening(9229, { program: 'node', reach: 'loopback' }),
  listening(11211, { program: 'memcached', protocol: 'tcp' }),
  // Berth's own end of the forward into the workspace.
  listening(9003, { reach: 'loopback' }),
];

const notebook: Workspace = {
  ...workspace(2, 'notebook', 1, 'stopped'),
  apps: [
    {
      ...{ name: 'JupyterLab', port: 8888, protocol: 'http', path: '/lab', isMain: true },
      login: { how: 'header', name: 'Authorization', prefix: 'token ' },
    },
  ],
};

const around = {
  hosts: [host(1, 'atlas', ready(12)), host(2, 'do-fra1', ready(40))],
  projects: [project],
  terminals: [terminal(1, 'npm run dev', 1)],
};

const usual = {
  ...around,
  workspaces: [
    workspace(1, 'api-server', 1, 'running'),
    notebook,
    workspace(3, 'crawler', 2, 'unknown'),
    workspace(4, 'empty', 1, 'running'),
  ],
  forwards,
  workspacePorts: [
    { id: `ws_${body(1)}`, ports: [...ports], problem: null },
    { id: `ws_${body(4)}`, ports: [], problem: null },
  ] satisfies WorkspacePorts[],
  forwardRules: [
    {
      id: `ws_${body(1)}`,
      rules: [{ fromPort: 8000, toPort: 8999, kind: 'app' }],
      announces: true,
    },
  ] satisfies ForwardRules[],
};

const longName = 'a workspace whose name has the eighty characters that are allowed for one, in all';

export const forwardScenes = {
  ports: usual,
  'ports-empty': {
    ...around,
    workspaces: [workspace(1, 'api-server', 1, 'running')],
    workspacePorts: [{ id: `ws_${body(1)}`, ports: [], problem: null }],
  },
  'ports-unseen': {
    ...usual,
    workspacePorts: [
      {
        id: `ws_${body(1)}`,
        ports: ports.slice(0, 2),
        problem: {
          code: 'snapshot.tools-missing',
          message: 'atlas has no python3. Install it there, and ports are seen again.',
          details: {},
        },
      },
    ],
  },
  'ports-long': {
    ...around,
    workspaces: [workspace(1, longName, 1, 'running'), workspace(2, 'سير العمل', 1, 'running')],
    forwards: [
      forward(1, 1, { name: 'An app whose name has about as many characters as fit into one, which is 80' }),
      forward(2, 2, {
        name: 'متجر',
        problem: { code: 'connection-lost', message: 'x'.repeat(200), details: {} },
        state: 'waiting',
      }),
    ],
    workspacePorts: [
      {
        id: `ws_${body(1)}`,
        ports: [
          listening(3000, { program: 'a-program-with-a-name-of-sixty-four-characters-and-not-one-more' }),
        ],
        problem: null,
      },
    ],
  },
  'ports-many': {
    ...around,
    workspaces: [workspace(1, 'api-server', 1, 'running')],
    forwards: Array.from({ length: 60 }, (_, index) =>
      forward(index + 1, 1, { port: 3000 + index, isByRule: true }),
    ),
  },
  'ports-browser': { ...usual, settings: { openAppsIn: 'browser' } },
} satisfies Record<string, Scene>;
