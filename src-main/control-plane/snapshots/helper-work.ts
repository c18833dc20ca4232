/**
 * How Berth works on snapshots on their host: which helper runs with which mounts and rights. One place says what a helper
 * may touch; nothing else mounts the folder of snapshots.
 */
import { posix } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { SnapshotId, WorkspaceId } from '#contract/ids.ts';
import type { EngineInfo } from '../interfaces/container-engine.ts';
import type { HelperMount, HelperSpec } from '../interfaces/helper-container.ts';
import type { StepContext } from '../operations/operation-definition.ts';
import type { ReadyLink } from '../workspaces/workspace-parts.ts';
import { label } from '../workspaces/labels.ts';
import { type RepositoryAccess, withAccess } from './repository-access.ts';
import { endedEarly, failureOf, type HelperEvent, HelperOutput, parseEvent } from './helper-output.ts';

/**
 * Beside the engine's own data, so that it is as large as that disk and as lasting, and no `docker … prune` knows of it.
 * (A volume would be taken by `docker system prune --volumes` of engines before 23.) With remapped users the engine's
 * folder is one below: `/var/lib/docker/100000.100000`.
 */
export function snapshotFolder({ rootFolder }: Pick<EngineInfo, 'rootFolder'>): string {
  const data = rootFolder.replace(/\/\d+\.\d+\/?$/, '');
  return posix.join(posix.dirname(data), 'berth', 'snapshots');
}

/** Reads any file, whoever owns it; SYS_ADMIN for `trusted.*` attributes (xattr(7)). */
const READ_RIGHTS = ['DAC_READ_SEARCH', 'SYS_ADMIN'];
/** Gives files their owners, modes, capabilities and attributes back. */
const WRITE_RIGHTS = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'SETFCAP'];
/** Devices and `trusted.*` only from archives that Berth made on one of its own hosts. */
const OWN_ARCHIVE_RIGHTS = ['MKNOD', 'SYS_ADMIN'];

export type HelperVolume = { readonly name: string; readonly isReadOnly: boolean };

export interface HelperWork {
  /** Part of the container's name: with `id` it finds what an earlier try began. */
  readonly purpose: string;
  /** An operation's, or a random one for work without. */
  readonly id: string;
  readonly args: readonly string[];
  readonly volume?: HelperVolume;
  /** Absent: the store is not mounted. `mayCreate`: it is made where there is none. */
  readonly store?: 'read' | 'write' | 'create';
  readonly rights?: 'none' | 'read' | 'write' | 'write-own';
  readonly isGuard?: boolean;
  readonly network?: 'host';
  readonly snapshotId?: SnapshotId;
  readonly workspaceId?: WorkspaceId;
}

export function helperSpec(link: ReadyLink, work: HelperWork): HelperSpec {
  const mounts: HelperMount[] = [];
  if (work.store !== undefined)
    mounts.push({
      kind: 'folder',
      source: snapshotFolder(link.engineInfo),
      target: '/store',
      isReadOnly: work.store === 'read',
      mayCreate: work.store === 'create',
    });
  if (work.volume !== undefined)
    mounts.push({
      kind: 'volume',
      source: work.volume.name,
      target: '/data',
      isReadOnly: work.volume.isReadOnly,
    });
  if (work.isGuard === true) {
    const source = link.connection.engineSocketPath;
    if (source === undefined)
      throw new BerthError('engine.unreachable', 'Where the engine’s socket is on this host is not known.');
    mounts.push({ kind: 'socket', source, target: '/engine.sock', isReadOnly: false });
  }
  return {
    name: helperName(work),
    labels: {
      [label.operation]: work.id,
      ...(work.snapshotId === undefined ? {} : { [label.snapshot]: work.snapshotId }),
    },
    args: work.args,
    mounts,
    capabilities: [...new Set([...rightsOf(work.rights ?? 'none'), ...remappedRights(link, work)])],
    ...(work.network === undefined ? {} : { network: work.network }),
  };
}

export function helperName({ purpose, id }: Pick<HelperWork, 'purpose' | 'id'>): string {
  return `berth-${purpose}-${id.replace(/^[a-z]+_/, '')}`;
}

/** With remapped users the engine makes the folder for its own root, and ours is the machine's. */
function remappedRights({ engineInfo }: ReadyLink, { store }: HelperWork): string[] {
  const isRemapped = engineInfo.securityOptions.some((option) => option.includes('name=userns'));
  return isRemapped && store !== undefined ? ['DAC_OVERRIDE', 'FOWNER'] : [];
}

function rightsOf(rights: NonNullable<HelperWork['rights']>): readonly string[] {
  switch (rights) {
    case 'none':
      return [];
    case 'read':
      return READ_RIGHTS;
    case 'write':
      return WRITE_RIGHTS;
    case 'write-own':
      return [...WRITE_RIGHTS, ...OWN_ARCHIVE_RIGHTS];
    default:
      return rights satisfies never;
  }
}

/** Runs one whose events are few, and returns them. Throws what it failed with; not-found where there is no folder. */
export async function askHelper(
  link: ReadyLink,
  work: HelperWork,
  signal?: AbortSignal,
  access?: RepositoryAccess,
): Promise<HelperEvent[]> {
  const process = await link.engine.runHelper(withAccess(helperSpec(link, work), access), signal);
  const output = new HelperOutput(process);
  const onAbort = () => process.release();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    if (access !== undefined) process.write(access.input);
    process.endInput();
    const events: HelperEvent[] = [];
    for (;;) {
      const line = await output.line();
      if (line === undefined) break;
      const event = parseEvent(line);
      if (event?.event === 'failed') {
        signal?.throwIfAborted();
        throw failureOf(event);
      }
      if (event !== undefined) events.push(event);
    }
    const { exitCode, error } = await output.ended;
    signal?.throwIfAborted();
    if (error !== undefined) throw error;
    if (exitCode !== 0) throw endedEarly(exitCode, output.errorText);
    return events;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    process.release();
  }
}

export interface LongWork {
  readonly onEvent: (event: HelperEvent) => void;
  /** Resolves early, the helper going on, at the first event for which this is true. */
  readonly until?: (event: HelperEvent) => boolean;
  /** Where the snapshot is in a repository. Asked anew each time it is begun: a keychain may be locked meanwhile. */
  readonly access?: () => Promise<RepositoryAccess | undefined>;
  /** Called before it is begun, also before it is begun again. */
  readonly prepare?: () => Promise<void>;
}

/** An engine that was restarted ends its containers: the work is begun again so often. */
const INTERRUPTED_TRIES = 3;

/**
 * Work that goes on without us: begun, or found where an earlier try began it, and followed to its end. Returns its last
 * event. A helper that ended without a word (the engine was killed, or the host) or was told to (the engine was stopped) is
 * begun again.
 */
export async function workHelper(
  context: StepContext<unknown>,
  link: ReadyLink,
  work: HelperWork,
  { onEvent, until, access, prepare }: LongWork,
): Promise<HelperEvent> {
  const { engine } = link;
  const spec = helperSpec(link, work);
  for (let tries = 1; ; tries++) {
    context.signal.throwIfAborted();
    // One that an earlier try began is found, and goes on with what it was given then; one that never ran has nothing yet.
    const found = await engine.helperState(spec.name, context.signal);
    if (found === undefined || (!found.isRunning && found.exitCode === null)) {
      const granted = await access?.();
      await prepare?.();
      await engine.startHelper(withAccess(spec, granted), granted?.input);
    } else await engine.startHelper(spec);
    const early = new AbortController();
    const signal = AbortSignal.any([context.signal, link.signal, early.signal]);
    let last: HelperEvent | undefined;
    let isEarly = false;
    const state = await engine
      .followHelper(
        spec.name,
        (line) => {
          const event = parseEvent(line);
          if (event === undefined || isEarly) return;
          last = event;
          onEvent(event);
          if (until?.(event) === true) {
            isEarly = true;
            early.abort();
          }
        },
        signal,
      )
      .catch((error: unknown) => {
        if (isEarly) return undefined;
        context.signal.throwIfAborted();
        if (link.signal.aborted)
          throw new BerthError('connection-lost', 'The connection to the host was lost.', { cause: error });
        throw error;
      });
    if (isEarly && last !== undefined) return last;
    // Who was told to end, and not by us, was stopped with its engine.
    if (last?.event === 'failed' && last.code !== 'cancelled') throw failureOf(last);
    if (state?.exitCode === 0 && last !== undefined) return last;
    if (state?.isOutOfMemory === true)
      throw new BerthError('internal', 'The helper on the host ran out of memory.');
    if (tries >= INTERRUPTED_TRIES) throw endedEarly(state?.exitCode ?? null, state?.errorText ?? '');
    context.log('the work was cut off on the host; it is begun again', 'warning');
    await engine.endHelper(spec.name);
  }
}
