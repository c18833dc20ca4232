/**
 * Looks at what is done in a workspace: gathers the facts that are weighed. Remembers of each what it saw last, so that it can
 * tell what is new. Asks the host for programs only where a rule names one.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { KeepAwake } from '#contract/lifecycles.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { OpenConnection } from '../forwards/metered-connection.ts';
import type { RunningProgram } from '../interfaces/container-process.ts';
import type { Log } from '../interfaces/log.ts';
import type { TerminalUse } from '../terminals/idle-terminals.ts';
import { LoadMeter, type LoadMeterDeps } from '../workspaces/load-meter.ts';
import { namesPrograms, type SeenConnection, type WorkFacts } from './work-signals.ts';

export interface WorkLookDeps extends LoadMeterDeps {
  readonly terminalsIn: (id: WorkspaceId) => readonly TerminalUse[];
  readonly connectionsInto: (id: WorkspaceId) => readonly OpenConnection[];
  readonly operationsOn: (id: WorkspaceId) => readonly Pick<Operation, 'title'>[];
  readonly commandsIn: (id: WorkspaceId) => number;
  readonly transfersOf: (id: WorkspaceId) => number;
  /** Undefined: its host is away. */
  readonly programsIn: (id: WorkspaceId, signal: AbortSignal) => Promise<RunningProgram[]> | undefined;
  readonly log: Log;
}

/** Milliseconds for the list of programs: a host that is slower is not waited for. */
const PROGRAMS_MS = 5_000;

interface Before {
  readonly typedAtMs: number;
  readonly printedAtMs: number;
  /** Bytes of each open connection, by port. */
  readonly connections: ReadonlyMap<number, readonly number[]>;
}

export class WorkLook {
  readonly #deps: WorkLookDeps;
  readonly #meter: LoadMeter;
  readonly #before = new Map<WorkspaceId, Before>();

  constructor(deps: WorkLookDeps) {
    this.#deps = deps;
    this.#meter = new LoadMeter(deps);
  }

  /** `isMeasured`: its load counts, so that the engine is to stream it. */
  async take(
    id: WorkspaceId,
    how: { readonly sinceMs: number; readonly keepAwake: readonly KeepAwake[]; readonly isMeasured: boolean },
  ): Promise<WorkFacts> {
    const { commandsIn, connectionsInto, operationsOn, terminalsIn, transfersOf } = this.#deps;
    const terminals = terminalsIn(id);
    const connections = Map.groupBy(connectionsInto(id), ({ port }) => port);
    const before = this.#before.get(id);
    const now: Before = {
      typedAtMs: Math.max(
        Number.NEGATIVE_INFINITY,
        ...terminals.map(({ typedAtMs }) => typedAtMs ?? -Infinity),
      ),
      printedAtMs: Math.max(
        Number.NEGATIVE_INFINITY,
        ...terminals.map(({ printedAtMs }) => printedAtMs ?? -Infinity),
      ),
      connections: new Map([...connections].map(([port, all]) => [port, all.map(({ bytes }) => bytes)])),
    };
    this.#before.set(id, now);
    const load = how.isMeasured ? this.#meter.take(id) : null;
    return {
      sinceMs: how.sinceMs,
      // At the first look nobody knows what is new.
      wasTyped: before !== undefined && now.typedAtMs > before.typedAtMs,
      wasPrinted: before !== undefined && now.printedAtMs > before.printedAtMs,
      shownTerminals: terminals.filter(({ clientCount }) => clientCount > 0).length,
      load,
      connections: [...now.connections].flatMap(([port, bytes]) =>
        movedBetween(before?.connections.get(port) ?? [], bytes).map(
          (movedBytes): SeenConnection => ({ port, movedBytes }),
        ),
      ),
      operations: operationsOn(id).map(({ title }) => title),
      commands: commandsIn(id),
      transfers: transfersOf(id),
      programs: namesPrograms(how.keepAwake) ? await this.#programs(id) : null,
    };
  }

  /** A key was pressed in it since the last look. */
  isTypedSince(id: WorkspaceId): boolean {
    const last = this.#before.get(id)?.typedAtMs ?? Number.NEGATIVE_INFINITY;
    return this.#deps.terminalsIn(id).some(({ typedAtMs }) => typedAtMs !== null && typedAtMs > last);
  }

  /** Files are on their way into it or out of it. */
  isCopied(id: WorkspaceId): boolean {
    return this.#deps.transfersOf(id) > 0;
  }

  /** Only these are looked at from now on; `measured` of them by their load. */
  keepOnly(ids: ReadonlySet<WorkspaceId>, measured: ReadonlySet<WorkspaceId>): void {
    for (const id of [...this.#before.keys()]) if (!ids.has(id)) this.#before.delete(id);
    this.#meter.keepOnly(measured);
  }

  close(): void {
    this.#meter.close();
  }

  async #programs(id: WorkspaceId): Promise<RunningProgram[] | null> {
    try {
      return (await this.#deps.programsIn(id, AbortSignal.timeout(PROGRAMS_MS))) ?? null;
    } catch (cause) {
      if (!BerthError.is(cause)) throw cause;
      this.#deps.log.debug('what runs in a workspace was not told', { workspaceId: id, cause });
      return null;
    }
  }
}

/**
 * Bytes that each of these connections moved. They have no names: each is taken for the one of before that has the most bytes
 * of those that have no more than it, so that one that closes does not make another one look busy.
 */
export function movedBetween(before: readonly number[], now: readonly number[]): number[] {
  const left = before.toSorted((a, b) => b - a);
  return now
    .toSorted((a, b) => b - a)
    .map((bytes) => {
      const at = left.findIndex((one) => one <= bytes);
      const [same = 0] = at < 0 ? [] : left.splice(at, 1);
      return bytes - same;
    });
}
