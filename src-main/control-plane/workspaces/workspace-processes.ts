/**
 * Commands in running workspaces, and files through tar(1) there. Guarantees that what a command started ends with its
 * stream: at once, or as soon as its host is back where the way there was cut meanwhile. What an earlier run of this Berth
 * left (it was killed) is ended as soon as its host is there, and looked for now and then.
 */
import { BerthError } from '#contract/berth-error.ts';
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { PathKind } from '#contract/workspace-access.ts';
import type { Caller } from '../caller.ts';
import type { ByteChannel } from '../handler.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { ContainerEngine } from '../interfaces/container-engine.ts';
import type { ContainerProcess, ProcessMark } from '../interfaces/container-process.ts';
import type { Log } from '../interfaces/log.ts';
import { receiveInOrder } from './in-order.ts';
import { requireRunning, type RunningWorkspace, type RunningWorkspaceDeps } from './running-workspace.ts';
import { startTar } from './workspace-tar.ts';

/** Milliseconds between two looks for commands that nobody remembers. Each starts a process in each running workspace. */
const SWEEP_MS = 15 * 60_000;

/** Milliseconds after a host came until its first: its workspaces are known then. */
const FIRST_SWEEP_MS = 5_000;

/** At once, of all workspaces. Each has a stream of the engine and two processes of its host. */
const maxProcesses = 256;

export interface WorkspaceProcessesDeps extends RunningWorkspaceDeps {
  readonly workspacesOn: (hostId: HostId) => readonly { readonly id: WorkspaceId }[];
  /** Of this installation: marks of its commands have it. */
  readonly tag: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ProcessRequest {
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

export class WorkspaceProcesses {
  readonly #deps: WorkspaceProcessesDeps;
  readonly #log: Log;
  /** What could not be ended, by host. */
  readonly #left = new Map<HostId, ProcessMark[]>();
  readonly #running = new Map<AbortController, WorkspaceId>();
  /** Marks of those that run, or are about to be ended. */
  readonly #marks = new Set<string>();
  /** Starts so far, and those under way. */
  #starts = 0;
  #starting = 0;
  /** Hosts that are there, with what ends the wait for their next sweep. */
  readonly #sweeps = new Map<HostId, () => void>();
  readonly #ended = new Set<Promise<void>>();
  readonly #stops: (() => void)[];
  #isClosed = false;

  constructor(deps: WorkspaceProcessesDeps) {
    this.#deps = deps;
    this.#log = deps.log.child({ noun: 'processes' });
    this.#stops = [
      deps.links.onReady(({ hostId, engine }) => {
        if (engine === undefined) return;
        const left = this.#left.get(hostId) ?? [];
        this.#left.delete(hostId);
        for (const mark of left) this.#endLeft(hostId, mark, engine);
        this.#sweepAfter(hostId, FIRST_SWEEP_MS);
      }),
      deps.links.onLost((hostId) => this.#sweeps.get(hostId)?.()),
    ];
  }

  /** How many run in it now. */
  countIn(id: WorkspaceId): number {
    return [...this.#running.values()].filter((one) => one === id).length;
  }

  /** Ends all that run. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of [...this.#stops, ...this.#sweeps.values()]) stop();
    for (const running of this.#running.keys()) running.abort();
    await Promise.all(this.#ended);
  }

  async exec(
    wish: ParsedInputOf<'workspaces.exec'>,
    channel: ByteChannel,
    request: ProcessRequest,
  ): Promise<void> {
    const workspace = this.#require(wish.id, request.caller);
    const { argv, user, terminal, hasInput } = wish;
    await this.#during(request.signal, workspace, async (signal, begin) => {
      const process = await begin({
        argv: argv as [string, ...string[]],
        env: {
          ...Object.fromEntries(wish.environment.map(({ name, value }) => [name, value])),
          ...(terminal === null ? {} : { TERM: terminal.term }),
        },
        ...(user === null ? {} : { user }),
        workingFolder: inWorkspace(wish.workingFolder ?? '.', workspace),
        hasInput,
        ...(terminal === null ? {} : { size: terminal.size }),
      });
      const broken = receiveInOrder(channel, ['input', 'inputEnd', 'resize', 'signal'], async (frame) => {
        if (frame.kind === 'input') await process.write(frame.bytes);
        else if (frame.kind === 'inputEnd') process.endInput();
        else if (frame.kind === 'resize') process.resize(frame.size);
        // Not waited for: what it reads meanwhile may be what it needs to end.
        else if (frame.kind === 'signal')
          process.sendSignal(frame.name).catch((cause: unknown) => {
            this.#log.info('a signal did not reach its command', { cause });
          });
      });
      await untilAborted(signal, broken, async () => {
        for await (const { name, bytes } of process.output)
          await channel.send(encodeByteFrame({ kind: name === 'stdout' ? 'output' : 'errorOutput', bytes }));
        await channel.send(encodeByteFrame({ kind: 'exit', exitCode: await process.exitCode() }));
      });
    });
  }

  async pathKind(id: WorkspaceId, path: string, request: ProcessRequest): Promise<PathKind> {
    const workspace = this.#require(id, request.caller);
    const { engine, containerId } = workspace;
    const is = async (test: string) => {
      const { exitCode, stdout, stderr } = await engine.exec({
        containerId,
        argv: ['test', test, inWorkspace(path, workspace)],
        signal: request.signal,
      });
      if (exitCode === 0 || exitCode === 1) return exitCode === 0;
      throw new BerthError(
        'workspace.command-failed',
        `The image of “${workspace.record.name}” has no program that looks at files (test).`,
        { details: { output: `${stdout}${stderr}`.slice(0, 500) } },
      );
    };
    if (await is('-d')) return 'folder';
    return (await is('-e')) || (await is('-L')) ? 'other' : 'missing';
  }

  async readTree(
    id: WorkspaceId,
    path: string,
    channel: ByteChannel,
    request: ProcessRequest,
  ): Promise<void> {
    const workspace = this.#require(id, request.caller);
    const { record } = workspace;
    await this.#during(request.signal, workspace, async (signal, begin) => {
      const tar = startTar({ begin, record, path: inWorkspace(path, workspace), verb: 'read' });
      await untilAborted(signal, undefined, () => tar.read((bytes) => channel.send(bytes)));
    });
  }

  async writeTree(
    id: WorkspaceId,
    path: string,
    channel: ByteChannel,
    request: ProcessRequest,
  ): Promise<void> {
    const workspace = this.#require(id, request.caller);
    const { record } = workspace;
    await this.#during(request.signal, workspace, async (signal, begin) => {
      const tar = startTar({ begin, record, path: inWorkspace(path, workspace), verb: 'write' });
      const process = await tar.process;
      const broken = receiveInOrder(channel, ['input', 'inputEnd'], async (frame) => {
        if (frame.kind === 'input') await process.write(frame.bytes);
        else process.endInput();
      });
      await untilAborted(signal, broken, () => tar.read(async () => undefined));
    });
  }

  #require(id: WorkspaceId, caller: Caller): RunningWorkspace {
    return requireRunning(this.#deps, id, caller);
  }

  /** Whatever happens in `work`, what it began has ended afterwards, or will be ended when its host is back. */
  async #during(
    signal: AbortSignal,
    { engine, containerId, record }: RunningWorkspace,
    work: (signal: AbortSignal, begin: BeginProcess) => Promise<void>,
  ): Promise<void> {
    if (this.#running.size >= maxProcesses)
      throw new BerthError(
        'too-many',
        `${maxProcesses} commands run in workspaces, and that is the limit. Wait for some to end.`,
      );
    const running = new AbortController();
    const ended = Promise.withResolvers<void>();
    this.#running.set(running, record.id);
    this.#ended.add(ended.promise);
    let process: ContainerProcess | undefined;
    let isDone = false;
    const both = AbortSignal.any([signal, running.signal]);
    try {
      await work(both, async (spec) => {
        process = await this.#start(engine, { ...spec, containerId, signal: both });
        return process;
      });
      isDone = true;
    } finally {
      if (process !== undefined && (!isDone || both.aborted)) await this.#end(record.hostId, process, engine);
      if (process !== undefined) this.#marks.delete(process.mark.mark);
      this.#running.delete(running);
      this.#ended.delete(ended.promise);
      ended.resolve();
    }
  }

  async #start(
    engine: ContainerEngine,
    spec: Omit<Parameters<ContainerEngine['startProcess']>[0], 'tag'>,
  ): Promise<ContainerProcess> {
    this.#starts += 1;
    this.#starting += 1;
    try {
      const process = await engine.startProcess({ ...spec, tag: this.#deps.tag });
      this.#marks.add(process.mark.mark);
      return process;
    } finally {
      this.#starting -= 1;
    }
  }

  #sweepAfter(hostId: HostId, delayMs: number): void {
    this.#sweeps.get(hostId)?.();
    const stop = this.#deps.clock.after(delayMs, () => {
      this.#sweep(hostId)
        .catch((cause: unknown) =>
          this.#log.info('commands that were left could not be looked for', { hostId, cause }),
        )
        .finally(() => {
          const isThere = this.#deps.links.current(hostId)?.engine !== undefined;
          if (isThere && !this.#isClosed) this.#sweepAfter(hostId, SWEEP_MS);
        });
    });
    this.#sweeps.set(hostId, stop);
  }

  /** Ends commands of this installation that run on and that it knows nothing of. */
  async #sweep(hostId: HostId): Promise<void> {
    const { links, runningContainer, tag, workspacesOn } = this.#deps;
    for (const { id } of workspacesOn(hostId)) {
      const engine = links.current(hostId)?.engine;
      const containerId = runningContainer(id);
      if (engine === undefined || containerId === undefined || this.#isClosed) continue;
      const known = new Set(this.#marks);
      const startsBefore = this.#starts;
      const marks = await engine.listMarked(containerId, tag);
      const left = marks.filter((mark) => !known.has(mark) && !this.#marks.has(mark));
      // Of one that is being started the mark is not known here before the engine has answered: the next sweep tells.
      if (left.length === 0 || this.#starting > 0 || this.#starts !== startsBefore) continue;
      this.#log.info('ending commands that nobody waits for', { workspaceId: id, count: left.length });
      for (const mark of left) await engine.endMarked({ containerId, mark, user: undefined });
    }
  }

  async #end(hostId: HostId, process: ContainerProcess, engine: ContainerEngine): Promise<void> {
    await process.kill().catch((cause: unknown) => this.#keepLeft(hostId, process.mark, { cause, engine }));
  }

  #endLeft(hostId: HostId, mark: ProcessMark, engine: ContainerEngine): void {
    engine.endMarked(mark).catch((cause: unknown) => this.#keepLeft(hostId, mark, { cause, engine }));
  }

  #keepLeft(
    hostId: HostId,
    mark: ProcessMark,
    { cause, engine }: { readonly cause: unknown; readonly engine: ContainerEngine },
  ): void {
    if (BerthError.is(cause, 'not-found', 'workspace.not-running')) return;
    // A way that is dead says so late: its host may be back by now, over another.
    const now = this.#deps.links.current(hostId)?.engine;
    if (now !== undefined && now !== engine) {
      this.#endLeft(hostId, mark, now);
      return;
    }
    this.#log.info('a command runs on in a workspace until its host is back', { hostId, cause });
    this.#left.set(hostId, [...(this.#left.get(hostId) ?? []), mark]);
  }
}

export type BeginProcess = (
  spec: Omit<Parameters<RunningWorkspace['engine']['startProcess']>[0], 'containerId' | 'signal' | 'tag'>,
) => Promise<ContainerProcess>;

/** A relative path is below the mount point; what leads out of it is the person's own business. */
function inWorkspace(path: string, { record }: RunningWorkspace): string {
  if (path.startsWith('/')) return path;
  return path === '.' ? record.definition.mountPoint : `${record.definition.mountPoint}/${path}`;
}

async function untilAborted(
  signal: AbortSignal,
  broken: Promise<never> | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const aborting = Promise.withResolvers<never>();
  aborting.promise.catch(() => undefined);
  const abort = () => aborting.reject(new BerthError('cancelled', 'It was cancelled.'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const working = work();
  working.catch(() => undefined);
  try {
    await Promise.race([working, aborting.promise, ...(broken === undefined ? [] : [broken])]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
