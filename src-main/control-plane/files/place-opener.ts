/**
 * How the files of a place are reached: a host's through its connection, a workspace's through an agent beside its
 * container, of one that does not run (or whose processes cannot be seen) through an agent with its volume alone.
 *
 * What the agent may (capabilities(7)): SYS_CHROOT, to make the workspace's root its own; SYS_PTRACE, without which
 * /proc/1/root of another user's process cannot be followed; SETUID and SETGID, to become the workspace's user. It gives all
 * of them up before it reads its first request. Nothing overrides permissions: it may what that user may.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { PlaceId } from '#contract/files.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { ContainerEngine } from '../interfaces/container-engine.ts';
import type { FileAccess } from '../interfaces/file-access.ts';
import type { HelperSpec } from '../interfaces/helper-container.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import { label } from '../workspaces/labels.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import { AgentFiles } from './agent-files.ts';
import { AgentLink } from './agent-link.ts';
import { PrimitiveFiles } from './primitive-files.ts';

/** Each request under way may hold a window of 4 MiB. */
const agentMemoryBytes = 512 * 1024 * 1024;
/** From its start to its first word. Milliseconds. */
const readyWithinMs = 30_000;
/** Where the volume is put in the helper, so that its paths are those of the workspace. */
const volumeRoot = '/files';

export interface PlaceOpenerDeps {
  readonly links: HostLinks;
  readonly directory: Pick<WorkspaceDirectory, 'require' | 'observed' | 'operation'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
  readonly log: Log;
}

/** A place as it is now: with another `key` it is reached in another way. */
export interface PlaceNow {
  readonly key: string;
  readonly hostId: HostId;
  readonly hostName: string;
  readonly signal: AbortSignal;
  open(signal: AbortSignal): Promise<OpenedPlace>;
}

export interface OpenedPlace {
  readonly access: FileAccess;
  /** Whether it can be asked no more. */
  isOver(): boolean;
}

export class PlaceOpener {
  readonly #deps: PlaceOpenerDeps;
  /** Links are told apart by what they are, and keys are texts. */
  readonly #linkNumbers = new WeakMap<AbortSignal, number>();
  #lastLink = 0;

  constructor(deps: PlaceOpenerDeps) {
    this.#deps = deps;
  }

  /** Throws not-found, host.not-connected, engine.*, conflict. */
  now(id: PlaceId): PlaceNow {
    return isWorkspace(id) ? this.#workspaceNow(id) : this.#hostNow(id);
  }

  #hostNow(id: HostId): PlaceNow {
    const link = this.#deps.links.require(id);
    return {
      ...this.#onLink(link, 'host'),
      open: async (signal) => {
        const { connection } = link;
        const primitives = await connection.openFiles(signal);
        const access = new PrimitiveFiles({
          primitives,
          exec: (argv, options) => connection.exec(argv, options),
          runScript: (script, args, options) => connection.runScript(script, args, options),
          nowMs: () => this.#deps.clock.nowMs(),
        });
        return { access, isOver: () => link.signal.aborted || primitives.isOver };
      },
    };
  }

  #workspaceNow(id: WorkspaceId): PlaceNow {
    const { directory, links } = this.#deps;
    const record = directory.require(id);
    const link = links.requireEngine(record.hostId);
    const observed = directory.observed(id);
    if (observed === undefined)
      throw new BerthError(
        'host.not-connected',
        `What there is of “${record.name}” on its host is being looked at. Try again in a moment.`,
      );
    const { engine } = link;
    if (observed !== null && (observed.state === 'running' || observed.state === 'paused')) {
      const { id: containerId, startedAt } = observed;
      return {
        ...this.#onLink(link, `${containerId} ${startedAt}`),
        open: (signal) => this.#openRunning(engine, record, containerId, signal),
      };
    }
    const operation = directory.operation(id);
    if (operation !== undefined)
      throw new BerthError(
        'conflict',
        `“${operation.title}” is under way on “${record.name}”; wait for its end.`,
        {
          details: { operationId: operation.id },
        },
      );
    return {
      ...this.#onLink(link, `volume ${record.volumeName}`),
      open: (signal) => this.#openVolume(engine, record, signal),
    };
  }

  #onLink(link: HostLink, key: string) {
    let number = this.#linkNumbers.get(link.signal);
    if (number === undefined) {
      this.#lastLink += 1;
      number = this.#lastLink;
      this.#linkNumbers.set(link.signal, number);
    }
    return { key: `${number} ${key}`, hostId: link.hostId, hostName: link.hostName, signal: link.signal };
  }

  async #openRunning(
    engine: ContainerEngine,
    record: WorkspaceRecord,
    containerId: string,
    signal: AbortSignal,
  ): Promise<OpenedPlace> {
    const { mountPoint } = record.definition;
    const agent = await this.#startAgent(engine, record, signal, {
      args: ['--process', containerId, '--start', mountPoint],
      mounts: [],
      capabilities: ['SYS_CHROOT', 'SYS_PTRACE', 'SETUID', 'SETGID'],
      processes: { containerId },
    });
    if (agent.problem === null) return opened(agent.link, { path: mountPoint, only: null });
    this.#deps.log.info('the root of a workspace cannot be reached; its lasting files are shown alone', {
      workspaceId: record.id,
      reason: agent.problem,
    });
    agent.link.close();
    return await this.#openVolume(engine, record, signal);
  }

  async #openVolume(
    engine: ContainerEngine,
    record: WorkspaceRecord,
    signal: AbortSignal,
  ): Promise<OpenedPlace> {
    const { mountPoint } = record.definition;
    const agent = await this.#startAgent(engine, record, signal, {
      args: ['--volume', volumeRoot, '--start', mountPoint],
      mounts: [
        {
          kind: 'volume',
          source: record.volumeName,
          target: `${volumeRoot}${mountPoint}`,
          isReadOnly: false,
        },
      ],
      capabilities: ['SYS_CHROOT', 'SETUID', 'SETGID'],
    });
    if (agent.problem === null) return opened(agent.link, { path: mountPoint, only: mountPoint });
    agent.link.close();
    throw new BerthError(
      'file.failed',
      `The files of “${record.name}” cannot be shown: the host did not let the program for that begin (${agent.problem}).`,
      { details: { reason: agent.problem } },
    );
  }

  async #startAgent(
    engine: ContainerEngine,
    record: WorkspaceRecord,
    signal: AbortSignal,
    spec: Pick<HelperSpec, 'args' | 'mounts' | 'capabilities' | 'processes'>,
  ): Promise<{ readonly link: AgentLink; readonly problem: string | null }> {
    const mark = Buffer.from(this.#deps.random.bytes(8)).toString('hex');
    const helper: HelperSpec = {
      ...spec,
      name: `berth-files-${mark}`,
      labels: { [label.workspace]: record.id },
      program: 'files',
      memoryBytes: agentMemoryBytes,
    };
    const process = await engine.runHelper(helper, signal).catch((error: unknown) => {
      throw toolsMissing(error);
    });
    const link = new AgentLink(process);
    const late = Promise.withResolvers<never>();
    const stop = this.#deps.clock.after(readyWithinMs, () =>
      late.reject(
        new BerthError('timed-out', 'The program that shows files did not begin in time. Try again.'),
      ),
    );
    try {
      return { link, problem: await Promise.race([link.ready, late.promise]) };
    } catch (error) {
      link.close();
      if (link.errorText !== '') this.#deps.log.warn('the agent for files failed', { said: link.errorText });
      throw error;
    } finally {
      stop();
    }
  }
}

export function isWorkspace(id: PlaceId): id is WorkspaceId {
  return id.startsWith('ws_');
}

function opened(link: AgentLink, start: FileAccess['start']): OpenedPlace {
  return { access: new AgentFiles(link, start), isOver: () => link.isOver };
}

function toolsMissing(error: unknown): unknown {
  if (!BerthError.is(error, 'snapshot.tools-missing')) return error;
  return new BerthError(
    'file.tools-missing',
    'The host has no Python 3 that a container can use (in /usr), by which files of workspaces are shown. Install python3, tar and zstd there.',
    { cause: error },
  );
}
