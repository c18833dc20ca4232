/**
 * Commands in running workspaces, and files through tar(1) there. Guarantees that what a command started ends with its
 * stream: at once, or as soon as its host is back where the way there was cut meanwhile.
 */
import { BerthError } from '#contract/berth-error.ts';
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { PathKind } from '#contract/workspace-access.ts';
import type { Caller } from '../caller.ts';
import type { ByteChannel } from '../handler.ts';
import type { ContainerEngine } from '../interfaces/container-engine.ts';
import type { ContainerProcess, ProcessMark } from '../interfaces/container-process.ts';
import type { Log } from '../interfaces/log.ts';
import { receiveInOrder } from './in-order.ts';
import { requireRunning, type RunningWorkspace, type RunningWorkspaceDeps } from './running-workspace.ts';
import { startTar } from './workspace-tar.ts';

/** At once, of all workspaces. Each has a stream of the engine and two processes of its host. */
const maxProcesses = 256;

export interface WorkspaceProcessesDeps extends RunningWorkspaceDeps {
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
  readonly #running = new Set<AbortController>();
  readonly #ended = new Set<Promise<void>>();
  readonly #stopListening: () => void;

  constructor(deps: WorkspaceProcessesDeps) {
    this.#deps = deps;
    this.#log = deps.log.child({ noun: 'processes' });
    this.#stopListening = deps.links.onReady(({ hostId, engine }) => {
      const left = engine === undefined ? [] : (this.#left.get(hostId) ?? []);
      if (engine === undefined || left.length === 0) return;
      this.#left.delete(hostId);
      for (const mark of left) this.#endLeft(hostId, mark, engine);
    });
  }

  /** Ends all that run. */
  async close(): Promise<void> {
    this.#stopListening();
    for (const running of this.#running) running.abort();
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
    this.#running.add(running);
    this.#ended.add(ended.promise);
    let process: ContainerProcess | undefined;
    let isDone = false;
    const both = AbortSignal.any([signal, running.signal]);
    try {
      await work(both, async (spec) => {
        process = await engine.startProcess({ ...spec, containerId, signal: both });
        return process;
      });
      isDone = true;
    } finally {
      if (process !== undefined && (!isDone || both.aborted)) await this.#end(record.hostId, process, engine);
      this.#running.delete(running);
      this.#ended.delete(ended.promise);
      ended.resolve();
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
  spec: Omit<Parameters<RunningWorkspace['engine']['startProcess']>[0], 'containerId' | 'signal'>,
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
