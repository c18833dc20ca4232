/**
 * A whole plane without hosts, whose data is of several people: each has one of everything, and every word of theirs holds
 * their canary. Written to the store before the plane starts, as it finds them after a restart.
 */
import { createHash } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import { type HostId, localOwnerId, type UserId } from '#contract/ids.ts';
import { projectDefaults } from '#contract/projects.ts';
import { type Role, scopesOfRole } from '#contract/scopes.ts';
import { noQuota, type Quota } from '#contract/users.ts';
import { createSchedules } from '#main/adapters/schedule/cron-schedules.ts';
import { createScreenKeeper } from '#main/adapters/screen/screen-keeper.ts';
import { createSshKeyMaker } from '#main/adapters/ssh/key-maker.ts';
import { createArchiver } from '#main/adapters/system/archiver.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import { type ControlPlane, createControlPlane } from '#main/control-plane/control-plane.ts';
import type { HostConnector } from '#main/control-plane/interfaces/host-connector.ts';
import { accountParts } from './accounts-world.ts';
import { FakeNetwork } from './fake-network.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryRecordStore } from './memory-record-store.ts';
import { MemorySecretStore } from './memory-secret-store.ts';

export const hostId = `host_${'h'.repeat(20)}` as HostId;
const at = '2026-01-01T00:00:00.000Z';

/** The ids of what somebody has. `letter` stands in all of them. */
export function thingsOf(letter: string) {
  const body = letter.repeat(20);
  return {
    proj: `proj_${body}`,
    ws: `ws_${body}`,
    snap: `snap_${body}`,
    term: `term_${body}`,
    share: `share_${body}`,
    op: `op_${body}`,
    fwd: `fwd_${body}`,
  } as const;
}
export const userOf = (letter: string) =>
  (letter === 'l' ? localOwnerId : `user_${letter.repeat(20)}`) as UserId;
export const canaryOf = (letter: string) => `canary-of-${letter}`;

export function callerOf(letter: string, role: Role): Caller {
  return { userId: userOf(letter), userName: role, scopes: scopesOfRole[role], mode: 'served' };
}

/** `isOld`: as an earlier Berth wrote it, which knew no owners. */
async function seed(store: MemoryRecordStore, letter: string, isOld: boolean): Promise<void> {
  const { proj, ws, snap, term, share, op, fwd } = thingsOf(letter);
  const ownerId = userOf(letter);
  const canary = canaryOf(letter);
  const owned = isOld ? {} : { ownerId };
  const put = (name: string, record: { id: string }) =>
    store.collection(name, (one) => one as typeof record).put(record);
  const definition = {
    ...projectDefaults,
    name: canary,
    image: 'debian:12',
    environment: [{ name: 'TOKEN', value: canary }],
  };
  await put('projects', { ...definition, id: proj, ...owned, createdAt: at, changedAt: at } as never);
  await put('workspaces', {
    id: ws,
    ...owned,
    name: canary,
    projectId: proj,
    hostId,
    imageDigest: null,
    desired: 'stopped',
    lastKnown: null,
    problem: null,
    volumeName: `berth-${canary}`,
    createdAt: at,
    isAdopted: false,
    definition: { ...definition, environment: [] },
    isMade: true,
    hasGivenUp: false,
    move: null,
    pausedBy: null,
  } as never);
  await put('snapshots', {
    id: snap,
    hostId,
    ...owned,
    manifest: {
      format: 1,
      id: snap,
      about: {
        workspaceId: ws,
        workspaceName: canary,
        ownerId,
        projectId: proj,
        definition: { ...definition, environment: [] },
        imageDigest: null,
        name: canary,
        note: canary,
        reason: 'person',
        consistency: 'paused',
        hadHooks: false,
        repositoryId: null,
      },
      createdAt: at,
      archive: { sha256: '0'.repeat(64), bytes: 1000 },
      entries: { count: 1, files: 1, sha256: '0'.repeat(64), contentBytes: 1 },
      tarBytes: 1,
      allocatedBytes: 4096,
      isChangedWhileRead: false,
      socketsIgnored: 0,
      freeze: null,
    },
    marks: {},
    diskBytes: 1000,
  } as never);
  await store
    .rowLog('timelines', (one) => one, 10)
    .append(ws, { at, event: 'created', text: canary, by: canary });
  await put('restore-undos', {
    id: `berth-before-${canary}`,
    workspaceId: ws,
    hostId,
    snapshotId: snap,
    snapshotLabel: canary,
    restoredAt: at,
    until: '2027-01-01T00:00:00.000Z',
    volumeName: `berth-before-${canary}`,
    sizeBytes: null,
  } as never);
  await put('snapshot-rules', {
    id: ws,
    schedule: '0 0 1 1 *',
    timeZone: 'UTC',
    quietHours: null,
    consistency: 'paused',
    beforeCommand: `echo ${canary}`,
    afterCommand: null,
    repositoryId: null,
    keep: null,
    lastAt: null,
    problem: null,
    // As an older Berth wrote it, too; nobody reads it any more.
    userId: ownerId,
    countsFrom: at,
  } as never);
  await put('terminals', {
    id: term,
    ...owned,
    target: { kind: 'workspace', workspaceId: ws },
    name: canary,
    size: { cols: 80, rows: 24 },
    state: { phase: 'lost', at, unconfirmedBytes: 0 },
    lifetime: 'multiplexer',
    lifetimeNote: null,
    attachCommand: null,
    isFound: false,
    openedAt: at,
    attachedTo: canary,
    hostId,
    isClosing: false,
  } as never);
  await put('forwards', {
    id: fwd,
    workspaceId: ws,
    kind: 'app',
    name: canary,
    port: 3000,
    protocol: 'http',
    isProtocolKnown: true,
    localPort: null,
    path: '/',
    login: { how: 'none' },
    hostHeader: 'kept',
    isByRule: false,
    isWanted: true,
    createdAt: at,
    label: `${canary}-3000`,
  } as never);
  await put('terminal-shares', {
    id: share,
    terminalId: term,
    userId: ownerId,
    access: 'read',
    createdAt: at,
    expiresAt: '2027-01-01T00:00:00.000Z',
    tokenHash: createHash('sha256').update(canary).digest('hex'),
  } as never);
  await put('operations', {
    id: op,
    operation: {
      id: op,
      kind: 'workspace.stop',
      title: `Stop “${canary}”`,
      subject: { kind: 'workspace', id: ws, name: canary },
      hostId,
      state: 'succeeded',
      steps: [],
      error: null,
      canCancel: false,
      startedAt: at,
      endedAt: at,
    },
    userId: ownerId,
    input: {},
    memory: {},
    journal: [],
    direction: 'forward',
    outcome: 'succeeded',
    failedStep: null,
    isEndTold: true,
  } as never);
  await store
    .rowLog('operations', (one) => one, 100)
    .append(op, { at, step: null, level: 'info', text: canary });
}

export interface PeopleWorld {
  readonly plane: ControlPlane;
  readonly store: MemoryRecordStore;
  readonly clock: ManualClock;
  readonly quotas: Map<UserId, Quota>;
  /** Who has an account. */
  readonly people: Set<UserId>;
}

/** People by their letters; `l` is the local owner. `old`: those whose records are from before there were owners. */
export async function peopleWorld(
  letters: readonly string[],
  { old = [], store = new MemoryRecordStore() }: { old?: readonly string[]; store?: MemoryRecordStore } = {},
): Promise<PeopleWorld> {
  const clock = new ManualClock();
  await store
    .collection('hosts', (one) => one as { id: string })
    .put({
      id: hostId,
      name: 'atlas',
      definition: {
        kind: 'ssh',
        configName: null,
        address: 'atlas',
        port: 22,
        user: 'dev',
        auth: { method: 'automatic' },
        jumps: [],
        engineSocket: null,
      },
      desired: 'disconnected',
      facts: null,
      addedAt: at,
      lastReadyAt: null,
    } as never);
  for (const letter of letters) await seed(store, letter, old.includes(letter));
  const quotas = new Map<UserId, Quota>();
  const people = new Set(letters.map(userOf));
  const refuse = () => Promise.reject(new BerthError('host.unreachable', 'There is no network here.'));
  const plane = await createControlPlane({
    about: { version: '0', platform: 'linux', dataFolder: '/data', isReadOnly: false, notice: null },
    store,
    secrets: new MemorySecretStore(),
    connector: {
      connect: refuse,
      interpret: refuse,
      candidates: refuse,
      replaceHostKey: refuse,
    } as HostConnector,
    cloudProviders: [],
    localNetwork: { listen: refuse, connect: refuse },
    engines: { open: refuse },
    multiplexers: { open: refuse },
    entryCache: { read: async () => undefined, write: refuse, keepOnly: async () => undefined },
    archiveShelf: {
      folder: '/nowhere',
      freeBytes: async () => undefined,
      put: refuse,
      check: refuse,
      open: refuse,
      list: async () => [],
      remove: refuse,
    },
    archiver: createArchiver(),
    schedules: createSchedules(),
    keyMaker: createSshKeyMaker(),
    cloudSetupScript: '#!/bin/sh\n',
    leaseScript: '',
    describeKey: () => {
      throw new Error('no keys here');
    },
    createScreenKeeper,
    network: new FakeNetwork(),
    mayGuard: () => false,
    clock,
    random: createSystemRandom(),
    log: new MemoryLog(),
    terminalTag: 'abc123',
    idleTimeoutMs: null,
    firstWorkspace: null,
    measuresVolumes: true,
    accounts: accountParts(),
    people: { isPerson: (id) => people.has(id), quotaOf: (id) => quotas.get(id) ?? noQuota },
  });
  return { plane, store, clock, quotas, people };
}
