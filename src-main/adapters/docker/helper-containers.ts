/**
 * Helper containers on an engine: runs, starts, follows and ends them. Remembers how the host's programs are reached, and
 * that one of a name is not started twice at once. Must not know what the program does.
 */
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type {
  HelperContainers,
  HelperMount,
  HelperSpec,
  HelperState,
} from '../../control-plane/interfaces/helper-container.ts';
import type { HostProcess } from '../../control-plane/interfaces/host-connection.ts';
import {
  HELPER_LABEL,
  inspectRaw,
  type LabelFilter,
  labelFilter,
  removeByForce,
} from './container-inspection.ts';
import { engineTransportError } from './docker-error.ts';
import { cancelledError, type EngineClient, pathPart } from './engine-client.ts';
import { asLabels, asList, asNumber, asRecord, asText, type JsonRecord } from './engine-json.ts';
import { readContainerSummary } from './engine-shapes.ts';
import { helperContainerBody, type HelperLife, type HostTools, missingSource } from './helper-container.ts';
import {
  DIAL_RELAY_PATH,
  FILE_AGENT_PATH,
  helperImage,
  type HelperPrograms,
  importHelperImage,
  SNAPSHOT_HELPER_PATH,
} from './helper-image.ts';
import { followHelperLog } from './helper-log.ts';
import { HelperProcess } from './helper-process.ts';
import { ATTACHED_LABEL, sweepStoppedHelpers } from './helper-sweep.ts';
import { createHelperContainer, findHostTools } from './helper-tools.ts';
import { jsonLines } from './json-lines.ts';
import { hasVolume } from './workspace-volume.ts';

export interface HelperDeps {
  readonly client: EngineClient;
  readonly clock: Clock;
  readonly readPrograms: () => Promise<HelperPrograms>;
}

/** One in our hands that is that old and does not run belongs to a Berth that died, on this computer or another. */
const ABANDONED_AFTER_MS = 10 * 60_000;
const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_SECONDS = 10;
const STOP_TIMEOUT_MS = 60_000;
/** Input of one that goes on without us is small: it is taken before the program has read much. */
const INPUT_TIMEOUT_MS = 60_000;
/** Docker answers at once that it waits; Podman only at the end, and then the start must not wait for that. */
const WAITING_MS = 2_000;
/** Longer than any helper runs; the timer is only for the first byte of an answer. */
const FOREVER_MS = 7 * 24 * 3_600_000;
const programPaths = {
  snapshot: SNAPSHOT_HELPER_PATH,
  dial: DIAL_RELAY_PATH,
  files: FILE_AGENT_PATH,
} as const;
/** What the engine's init says when it cannot start a program: the host's programs have changed. */
const NO_PROGRAM_CODES: readonly (number | null)[] = [126, 127];

export class HelperContainersOfEngine implements HelperContainers {
  readonly #deps: HelperDeps;
  readonly #client: EngineClient;
  #tools: Promise<HostTools> | undefined;
  readonly #starting = new Map<string, Promise<unknown>>();

  constructor(deps: HelperDeps) {
    this.#deps = deps;
    this.#client = deps.client;
  }

  async runHelper(spec: HelperSpec, signal?: AbortSignal): Promise<HostProcess> {
    const id = await cancellable(this.#createAnew(spec, signal), signal);
    const waiting = new AbortController();
    const remove = () => {
      void removeByForce(this.#client, id)
        .catch(() => undefined)
        .finally(() => waiting.abort());
    };
    const attaching = this.#attach(id, { stdin: 1, stdout: 1, stderr: 1 }, signal);
    try {
      const [stream, exit] = await Promise.all([attaching, this.#waitForExit(id, waiting.signal)]);
      await this.#start(id, signal);
      const exitCode = exit.code.then((code) => {
        this.#noticeEnd(code);
        return code;
      });
      return new HelperProcess({ stream, exitCode, remove, clock: this.#deps.clock });
    } catch (error) {
      attaching.then(
        (stream) => stream.destroy(),
        () => undefined,
      );
      remove();
      throw error;
    }
  }

  /** One after the other for a name: two at once would both write the input. */
  async startHelper(spec: HelperSpec, input?: Uint8Array): Promise<{ id: string }> {
    const before = this.#starting.get(spec.name);
    const ours = Promise.resolve(before)
      .catch(() => undefined)
      .then(() => this.#startDetached(spec, input));
    this.#starting.set(spec.name, ours);
    try {
      return await ours;
    } finally {
      if (this.#starting.get(spec.name) === ours) this.#starting.delete(spec.name);
    }
  }

  async helperState(name: string, signal?: AbortSignal): Promise<HelperState | undefined> {
    const json = await this.#inspect(name, signal);
    return json && readState(json);
  }

  async followHelper(
    name: string,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<HelperState & { readonly errorText: string }> {
    const state = async () => {
      const found = await this.helperState(name, signal);
      if (found) return found;
      throw new BerthError('not-found', 'The host has no helper of this name.');
    };
    const { id } = await state();
    const isRunning = async () => (await state()).isRunning;
    const deps = { client: this.#client, clock: this.#deps.clock, isRunning };
    const errorText = await followHelperLog(deps, id, { onLine, signal });
    const end = await state();
    this.#noticeEnd(end.exitCode);
    return { ...end, errorText };
  }

  async endHelper(name: string): Promise<void> {
    const json = await this.#inspect(name);
    if (!json) return;
    const id = asText(json.Id);
    if (asRecord(json.State).Running === true)
      await this.#client.call({
        method: 'POST',
        path: `/containers/${pathPart(id)}/stop`,
        query: { t: STOP_GRACE_SECONDS },
        subject: 'container',
        accept: [404],
        timeoutMs: STOP_TIMEOUT_MS,
      });
    await this.#removeAndWait(id);
  }

  async listHelpers(labels: LabelFilter, signal?: AbortSignal): Promise<string[]> {
    const query = { all: 1, filters: labelFilter({ ...labels, [HELPER_LABEL]: null }) };
    const list = await this.#client.json({
      method: 'GET',
      path: '/containers/json',
      query,
      subject: 'container',
      signal,
    });
    return asList(list).map((item) => readContainerSummary(item).name);
  }

  async #startDetached(spec: HelperSpec, input: Uint8Array | undefined): Promise<{ id: string }> {
    const found = await this.#inspect(spec.name);
    if (found && isAttached(found)) throw nameHeld(spec.name);
    if (found && asText(asRecord(found.State).Status) !== 'created') return { id: asText(found.Id) };
    const id = found
      ? asText(found.Id)
      : await this.#create(spec, { life: 'detached', hasInput: input !== undefined });
    const stream = input === undefined ? undefined : await this.#attach(id, { stdin: 1 });
    try {
      const isOurs = await this.#start(id);
      if (stream && input && isOurs) await this.#giveInput(stream, input);
    } catch (error) {
      // One that began and was cut off is found again; one that cannot begin would hold its name for nothing.
      if (!found && !BerthError.is(error, 'connection-lost', 'timed-out'))
        await removeByForce(this.#client, id).catch(() => undefined);
      throw error;
    } finally {
      stream?.destroy();
    }
    return { id };
  }

  /** An attached helper of this name is what an earlier try left: its connection is gone, and so is its use. */
  async #createAnew(spec: HelperSpec, signal: AbortSignal | undefined): Promise<string> {
    const how = { life: 'attached', hasInput: true, signal } as const;
    try {
      return await this.#create(spec, how);
    } catch (error) {
      if (!BerthError.is(error, 'conflict')) throw error;
      const holder = await this.#inspect(spec.name, signal);
      if (holder && !isAttached(holder)) throw nameHeld(spec.name);
      if (holder) await this.#removeAndWait(asText(holder.Id), signal);
      return await this.#create(spec, how);
    }
  }

  async #create(
    spec: HelperSpec,
    { life, hasInput, signal }: { life: HelperLife; hasInput: boolean; signal?: AbortSignal | undefined },
  ): Promise<string> {
    const [tools] = await Promise.all([this.#hostTools(signal), this.#checkVolumes(spec.mounts, signal)]);
    const program = programPaths[spec.program ?? 'snapshot'];
    const body = helperContainerBody(spec, { tools, life, hasInput, program });
    const importImage = async () => {
      const programs = await this.#deps.readPrograms();
      const images = (['merged', 'split'] as const).map((layout) => helperImage(programs, layout));
      const image = images.find(({ reference }) => reference === tools.image);
      if (!image) throw new BerthError('internal', 'The programs of this Berth changed while it ran.');
      await importHelperImage(this.#client, image, signal);
    };
    try {
      return await createHelperContainer(this.#client, { name: spec.name, body, importImage, signal });
    } catch (error) {
      const absent = missingSource(error);
      if (absent === undefined) throw error;
      if (tools.folders.includes(absent) && !spec.mounts.some(({ source }) => source === absent)) {
        this.#tools = undefined;
        throw error;
      }
      throw new BerthError('not-found', `The host has no folder ${absent}.`, {
        details: { path: absent },
        cause: error,
      });
    }
  }

  #noticeEnd(exitCode: number | null): void {
    if (NO_PROGRAM_CODES.includes(exitCode)) this.#tools = undefined;
  }

  /** The engine would make a volume that is not there. */
  async #checkVolumes(mounts: readonly HelperMount[], signal: AbortSignal | undefined): Promise<void> {
    const names = mounts.filter(({ kind }) => kind === 'volume').map(({ source }) => source);
    await Promise.all(
      names.map(async (name) => {
        if (await hasVolume(this.#client, name, signal)) return;
        throw new BerthError('not-found', `The host has no volume ${name}.`, { details: { volume: name } });
      }),
    );
  }

  /** Looked for once a connection, whoever asks; a failure is not remembered, and one caller's cancel is not all others'. */
  async #hostTools(signal: AbortSignal | undefined): Promise<HostTools> {
    this.#tools ??= this.#deps
      .readPrograms()
      .then(async (programs) => {
        const createdBeforeMs = this.#deps.clock.nowMs() - ABANDONED_AFTER_MS;
        // What could not be tidied up is tidied up by the next one.
        const sweeping = sweepStoppedHelpers(this.#client, { createdBeforeMs }).catch(() => 0);
        const [tools] = await Promise.all([findHostTools(this.#client, programs), sweeping]);
        return tools;
      })
      .catch((error: unknown) => {
        this.#tools = undefined;
        throw error;
      });
    return await cancellable(this.#tools, signal);
  }

  #attach(
    id: string,
    streams: { readonly stdin: 1; readonly stdout?: 1; readonly stderr?: 1 },
    signal?: AbortSignal,
  ) {
    return this.#client.upgrade({
      method: 'POST',
      path: `/containers/${pathPart(id)}/attach`,
      query: { stream: 1, ...streams },
      // Says that the request has no body: the end of a chunked one could be taken for input.
      archive: Buffer.alloc(0),
      subject: 'container',
      signal,
    });
  }

  /** Resolves once the engine waits: if it started before that, its end could be missed. */
  async #waitForExit(id: string, signal: AbortSignal): Promise<{ readonly code: Promise<number | null> }> {
    const answer = this.#client.stream({
      method: 'POST',
      path: `/containers/${pathPart(id)}/wait`,
      // When it is gone, so that its name is free for the next.
      query: { condition: 'removed' },
      subject: 'container',
      timeoutMs: FOREVER_MS,
      signal,
    });
    const code = answer.then(exitCodeIn).catch((error: unknown) => {
      if (BerthError.is(error, 'not-found')) return null;
      throw engineTransportError(error);
    });
    code.catch(() => undefined);
    let stop = () => {};
    const patience = new Promise<void>((resolve) => {
      stop = this.#deps.clock.after(WAITING_MS, resolve);
    });
    await Promise.race([answer, patience]).finally(stop);
    return { code };
  }

  /** False: it had been started already. */
  async #start(id: string, signal?: AbortSignal): Promise<boolean> {
    const path = `/containers/${pathPart(id)}/start`;
    const request = { method: 'POST', path, subject: 'start', timeoutMs: START_TIMEOUT_MS, signal } as const;
    return (await this.#client.call(request)).status !== 304;
  }

  /** Written and read by the engine; it ends the stream when it has passed everything on. */
  async #giveInput(stream: Duplex, input: Uint8Array): Promise<void> {
    let stop = () => {};
    const late = new Promise<never>((_resolve, reject) => {
      stop = this.#deps.clock.after(INPUT_TIMEOUT_MS, () =>
        reject(new BerthError('timed-out', 'A helper on the host did not take its input in time.')),
      );
    });
    const taken = new Promise<void>((resolve, reject) => {
      stream.once('error', (error) => reject(engineTransportError(error)));
      stream.once('end', resolve);
      stream.once('close', () =>
        reject(new BerthError('connection-lost', 'The connection was lost while a helper was started.')),
      );
    });
    stream.resume();
    stream.end(input);
    await Promise.race([taken, late]).finally(stop);
  }

  async #removeAndWait(id: string, signal?: AbortSignal): Promise<void> {
    await removeByForce(this.#client, id, signal);
    await this.#client.call({
      method: 'POST',
      path: `/containers/${pathPart(id)}/wait`,
      query: { condition: 'removed' },
      subject: 'container',
      accept: [404],
      timeoutMs: STOP_TIMEOUT_MS,
      signal,
    });
  }

  /** Undefined: none of this name, or one that is not ours. */
  async #inspect(name: string, signal?: AbortSignal): Promise<JsonRecord | undefined> {
    const json = await inspectRaw(this.#client, name, signal);
    return json && Object.hasOwn(asLabels(asRecord(json.Config).Labels), HELPER_LABEL) ? json : undefined;
  }
}

function readState(json: JsonRecord): HelperState {
  const state = asRecord(json.State);
  const isRunning = state.Running === true;
  const hasRun = !isRunning && !['created', 'configured', 'initialized'].includes(asText(state.Status));
  return {
    id: asText(json.Id),
    isRunning,
    exitCode: hasRun ? asNumber(state.ExitCode) : null,
    isOutOfMemory: state.OOMKilled === true,
  };
}

function isAttached(json: JsonRecord): boolean {
  return Object.hasOwn(asLabels(asRecord(json.Config).Labels), ATTACHED_LABEL);
}

function nameHeld(name: string): BerthError {
  return new BerthError('conflict', `The host has another helper ${name} already.`, {
    details: { containerName: name },
  });
}

async function exitCodeIn(answer: AsyncIterable<Uint8Array>): Promise<number | null> {
  for await (const { StatusCode } of jsonLines(answer))
    return typeof StatusCode === 'number' ? StatusCode : null;
  throw new BerthError('connection-lost', 'The connection to a helper on the host was lost.');
}

function cancellable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const cancel = () => reject(cancelledError(signal.reason));
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}
