/** States of the window for pictures: empty, a usual day, 200 hosts, long and right-to-left names, failures, loading. */
import type { Account, ApiKey, SignedInSession } from '#contract/account.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { Cloud, CloudOffer, CostReport, FoundResource } from '#contract/clouds.ts';
import type { Credential, SecretStoreStatus } from '#contract/credentials.ts';
import type { Host, HostState } from '#contract/hosts.ts';
import type { MethodName, OutputOf } from '#contract/index.ts';
import type { Forward, ForwardRules, WorkspacePorts } from '#contract/forwards.ts';
import type { HostLease, Lifecycle, TimelineEntry } from '#contract/lifecycles.ts';
import type { Machine } from '#contract/machines.ts';
import type { LogLine, Operation } from '#contract/operations.ts';
import type { Project, ProjectTemplate } from '#contract/projects.ts';
import type { Question } from '#contract/questions.ts';
import type { Repository } from '#contract/repositories.ts';
import type { Settings } from '#contract/settings.ts';
import type { SnapshotRules } from '#contract/snapshot-rules.ts';
import type {
  RestoreUndo,
  Snapshot,
  SnapshotComparison,
  SnapshotEntry,
  SnapshotHost,
} from '#contract/snapshots.ts';
import type { TerminalShare } from '#contract/terminal-shares.ts';
import type { Terminal, TerminalMeasure } from '#contract/terminals.ts';
import type { AuditEntry, User } from '#contract/users.ts';
import type { KeptVolume, Workspace, WorkspaceState, WorkspaceStats } from '#contract/workspaces.ts';
import type { ConnectionState } from '#renderer/state/api.ts';
import type { FileWorkScene } from './file-replies.ts';
import type { MachineWorkScene } from './machine-replies.ts';
import type { ScreenConduct } from './screen-replies.ts';
import type { SnapshotWorkScene } from './snapshot-work-replies.ts';

export interface Scene {
  readonly hosts?: readonly Host[];
  readonly questions?: readonly Question[];
  readonly credentials?: readonly Credential[];
  readonly projects?: readonly Project[];
  readonly workspaces?: readonly Workspace[];
  readonly operations?: readonly Operation[];
  readonly terminals?: readonly Terminal[];
  readonly shares?: readonly TerminalShare[];
  readonly snapshots?: readonly Snapshot[];
  readonly snapshotHosts?: readonly SnapshotHost[];
  readonly restoreUndos?: readonly RestoreUndo[];
  readonly snapshotRules?: readonly SnapshotRules[];
  readonly repositories?: readonly Repository[];
  readonly machineWork?: MachineWorkScene;
  /** Of every place. */
  readonly fileWork?: FileWorkScene;
  /** What every snapshot holds, by the path of the folder. */
  readonly snapshotTree?: () => ReadonlyMap<string, readonly SnapshotEntry[]>;
  readonly compare?: (id: Snapshot['id'], otherId: Snapshot['id'] | null) => SnapshotComparison;
  readonly snapshotWork?: SnapshotWorkScene;
  readonly forwards?: readonly Forward[];
  readonly workspacePorts?: readonly WorkspacePorts[];
  readonly forwardRules?: readonly ForwardRules[];
  readonly lifecycles?: readonly Lifecycle[];
  readonly hostLeases?: readonly HostLease[];
  /** Of every workspace. */
  readonly timeline?: readonly TimelineEntry[];
  readonly templates?: readonly ProjectTemplate[];
  /** Of every workspace that has one. */
  readonly password?: string;
  /** What the screen of a workspace does, by its id; else it is open. */
  readonly screens?: ReadonlyMap<string, ScreenConduct>;
  readonly clouds?: readonly Cloud[];
  readonly machines?: readonly Machine[];
  readonly found?: readonly FoundResource[];
  readonly costs?: CostReport;
  /** Of every account. */
  readonly offer?: CloudOffer;
  readonly settings?: Partial<Settings>;
  readonly connection?: ConnectionState;
  readonly streamErrors?: { readonly [M in MethodName]?: BerthError };
  readonly candidates?: OutputOf<'hosts.candidates'>;
  readonly secretStore?: SecretStoreStatus;
  /** Of every workspace that is looked at. */
  readonly readings?: readonly WorkspaceStats[];
  /** What every workspace wrote. */
  readonly output?: string;
  /** What every terminal shows. */
  readonly screen?: string;
  /** How the way of a terminal is, by its id; `never` answers nothing. */
  readonly measures?: Readonly<Record<string, TerminalMeasure | 'never'>>;
  /** Terminals whose output does not stop. */
  readonly flooding?: readonly Terminal['id'][];
  readonly operationLog?: readonly LogLine[];
  readonly images?: readonly string[];
  readonly keptVolumes?: readonly KeptVolume[];
  readonly isReadOnly?: boolean;
  /** Whose window it is; an owner's, where nothing is said. */
  readonly account?: Account;
  readonly users?: readonly User[];
  readonly apiKeys?: readonly ApiKey[];
  readonly sessions?: readonly SignedInSession[];
  readonly audit?: readonly AuditEntry[];
  /** Of an invitation: e-mail cannot be sent, so that there is a link to pass on. */
  readonly hasNoMail?: boolean;
  readonly isLoading?: boolean;
}

const body = (n: number) => String(n).padStart(20, '0');
const at = '2026-11-20T09:00:00.000Z';

export function host(n: number, name: string, state: HostState, isLocal = false): Host {
  return {
    id: `host_${body(n)}`,
    name,
    definition: isLocal
      ? { kind: 'local', socketPath: null }
      : {
          kind: 'ssh',
          configName: null,
          address: `${name.replaceAll(/[^a-z0-9-]/gi, '') || 'server'}.example`,
          port: 22,
          user: 'dev',
          auth: { method: 'automatic' },
          jumps: [],
          engineSocket: null,
        },
    desired: state.phase === 'disconnected' ? 'disconnected' : 'connected',
    state,
    facts: {
      readAt: at,
      hostname: name,
      operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
      kernel: '6.1.0-27-amd64',
      architecture: 'x86_64',
      cpus: 8,
      memoryBytes: 16 * 1024 ** 3,
      engineName: 'Docker Engine',
      engineVersion: '27.3.1',
      engineApiVersion: '1.47',
      runtimes: ['runc'],
      tmuxVersion: '3.3a',
      zstdVersion: '1.5.4',
      sshServer: 'OpenSSH_9.2p1',
      hostKey: { type: 'ssh-ed25519', fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDcZqFPxSy0ZqQyzqc' },
    },
    addedAt: at,
    lastReadyAt: at,
  };
}

export const ready = (roundTripMs: number): HostState => ({
  phase: 'ready',
  sinceAt: at,
  roundTripMs,
  engineRoute: 'stream-forward',
  engineError: null,
});

export function workspace(n: number, name: string, hostN: number, state: WorkspaceState): Workspace {
  return {
    id: `ws_${body(n)}`,
    name,
    projectId: `proj_${body(1)}`,
    projectName: 'Debian',
    hostId: `host_${body(hostN)}`,
    image: 'debian:12',
    imageDigest: null,
    mountPoint: '/home/dev',
    profile: 'standard',
    runtime: 'runc',
    limits: { cpus: 2, memoryBytes: 2 * 1024 ** 3, pids: 512 },
    desired: state === 'stopped' ? 'stopped' : 'running',
    state,
    lastKnown: null,
    problem: null,
    containerId: 'c'.repeat(64),
    volumeName: `berth-${n}`,
    startedAt: at,
    createdAt: at,
    isAdopted: false,
    operationId: null,
    move: null,
  };
}

export function terminal(n: number, programTitle: string, workspaceN: number): Terminal {
  return {
    id: `term_${body(n)}`,
    target: { kind: 'workspace', workspaceId: `ws_${body(workspaceN)}` },
    name: null,
    programTitle,
    size: { cols: 80, rows: 24 },
    state: { phase: 'live', reattachedAt: null },
    lifetime: 'multiplexer',
    lifetimeNote: null,
    attachCommand: `tmux -u -L berth attach -t =term_${body(n)}`,
    isFound: false,
    openedAt: at,
  };
}

export const project: Project = {
  id: `proj_${body(1)}`,
  name: 'Debian',
  image: 'debian:12',
  environment: [],
  limits: { cpus: 2, memoryBytes: 2 * 1024 ** 3, pids: 512 },
  mountPoint: '/home/dev',
  profile: 'standard',
  runtime: 'default',
  shell: null,
  createdAt: at,
  changedAt: at,
};

const runningOperation: Operation = {
  id: `op_${body(1)}`,
  kind: 'workspace.create',
  title: 'Create notebook on atlas',
  subject: { kind: 'workspace', id: `ws_${body(2)}`, name: 'notebook' },
  hostId: `host_${body(1)}`,
  state: 'running',
  steps: [
    {
      id: 'check',
      title: 'Check the host',
      state: 'done',
      startedAt: at,
      endedAt: at,
      progress: null,
      note: '',
    },
    {
      id: 'pull',
      title: 'Pull debian:12',
      state: 'running',
      startedAt: new Date(Date.now() - 20_000).toISOString(),
      endedAt: null,
      progress: { done: 62_000_000, total: 100_000_000, unit: 'bytes', parts: [] },
      note: 'layer 3 of 7',
    },
    {
      id: 'create',
      title: 'Create the container',
      state: 'waiting',
      startedAt: null,
      endedAt: null,
      progress: null,
      note: '',
    },
  ],
  error: null,
  canCancel: true,
  startedAt: at,
  endedAt: null,
};

const usual: Scene = {
  hosts: [
    host(1, 'atlas', ready(12)),
    host(2, 'do-fra1', {
      phase: 'lost',
      sinceAt: at,
      attempt: 3,
      retryAt: at,
      isWaitingForNetwork: false,
      error: { code: 'host.unreachable', message: 'No answer from 203.0.113.7.', details: {} },
    }),
    host(3, 'This computer', ready(0.4), true),
    host(4, 'build-farm', { phase: 'connecting', step: 'authenticating', attempt: 1, hop: null }),
    host(5, 'old-nas', { phase: 'disconnected' }),
  ],
  workspaces: [
    workspace(1, 'api-server', 1, 'running'),
    workspace(2, 'notebook', 1, 'creating'),
    workspace(3, 'scratch', 3, 'stopped'),
    workspace(4, 'crawler', 2, 'unknown'),
    workspace(5, 'broken', 1, 'failed'),
  ],
  terminals: [terminal(1, 'bash', 1), terminal(2, 'npm run dev', 1)],
  projects: [project],
  operations: [runningOperation],
};

const failure = new BerthError(
  'store.unwritable',
  'The data folder cannot be read: permission denied. Make /home/dev/.local/share/berth readable, then read again.',
  { details: { path: '/home/dev/.local/share/berth', errno: 'EACCES' } },
);

export const scenes = {
  empty: {},
  usual,
  many: {
    hosts: Array.from({ length: 200 }, (_, index) =>
      host(index + 1, `edge-${String(index + 1).padStart(3, '0')}`, ready(8 + (index % 40))),
    ),
    workspaces: Array.from({ length: 200 }, (_, index) =>
      workspace(index + 1, `worker-${index + 1}`, index + 1, index % 3 === 0 ? 'stopped' : 'running'),
    ),
    projects: [project],
  },
  names: {
    hosts: [
      host(1, 'a-host-with-a-name-of-forty-characters-x', ready(1203)),
      host(2, 'שרת הפיתוח של הצוות', ready(42)),
      host(3, 'خادم التطوير', ready(42)),
      host(4, '𝕊𝕖𝕣𝕧𝕖𝕣 🚢 “quoted” <b>bold</b>', ready(7)),
    ],
    workspaces: [
      workspace(
        1,
        'a workspace whose name has the eighty characters that are allowed for one, in all',
        1,
        'running',
      ),
      workspace(2, 'سير العمل', 3, 'running'),
    ],
    terminals: [terminal(1, 'vim ~/src/a/very/long/path/that/never/ends/and/goes/on/and/on.txt', 1)],
    projects: [project],
  },
  errors: {
    streamErrors: {
      'hosts.watch': failure,
      'workspaces.watch': failure,
      'operations.watch': failure,
      'projects.watch': failure,
      'credentials.watch': failure,
      'settings.watch': failure,
    },
  },
  loading: { isLoading: true },
  lost: { ...usual },
  readonly: { ...usual, isReadOnly: true },
} satisfies Record<string, Scene>;
export type SceneName = keyof typeof scenes;
