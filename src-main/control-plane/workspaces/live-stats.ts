/**
 * Live readings of workspaces, shared: however many watch one container, the engine streams it once. The stream begins
 * with the first watcher and ends with the last; a slow watcher misses readings and holds up nobody.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceStats } from '#contract/workspaces.ts';
import type { ContainerEngine } from '../interfaces/container-engine.ts';

interface Source {
  latest: WorkspaceStats | undefined;
  readonly watchers: Set<() => void>;
  readonly abort: AbortController;
  /** Set when it is over; what it is for a watcher. */
  end: { error: unknown } | undefined;
}

export class LiveStats {
  readonly #sources = new Map<string, Source>();

  /** Readings of one container until `signal` aborts. Throws what ended the stream, or workspace.not-running. */
  async *watch(
    engine: ContainerEngine,
    containerId: string,
    signal: AbortSignal,
  ): AsyncGenerator<WorkspaceStats> {
    const source = this.#sources.get(containerId) ?? this.#open(engine, containerId);
    let isDirty = source.latest !== undefined;
    let wake: () => void = () => {};
    const onChange = () => {
      isDirty = true;
      wake();
    };
    source.watchers.add(onChange);
    signal.addEventListener('abort', onChange, { once: true });
    try {
      for (;;) {
        if (!isDirty && source.end === undefined) await new Promise<void>((resolve) => (wake = resolve));
        if (signal.aborted) return;
        if (source.end !== undefined) throw source.end.error;
        isDirty = false;
        if (source.latest !== undefined) yield source.latest;
      }
    } finally {
      source.watchers.delete(onChange);
      signal.removeEventListener('abort', onChange);
      if (source.watchers.size === 0) this.#close(containerId, source);
    }
  }

  /** The container does not run any more: its watchers are told. */
  stopped(containerId: string): void {
    const source = this.#sources.get(containerId);
    if (source === undefined) return;
    this.#end(source, new BerthError('workspace.not-running', 'The workspace is not running any more.'));
    this.#close(containerId, source);
  }

  close(): void {
    for (const [containerId, source] of this.#sources) {
      this.#end(source, new BerthError('cancelled', 'Berth is closing.'));
      this.#close(containerId, source);
    }
  }

  #open(engine: ContainerEngine, containerId: string): Source {
    const source: Source = {
      latest: undefined,
      watchers: new Set(),
      abort: new AbortController(),
      end: undefined,
    };
    this.#sources.set(containerId, source);
    engine
      .stats(
        containerId,
        (stats) => {
          source.latest = stats;
          for (const wake of source.watchers) wake();
        },
        source.abort.signal,
      )
      .then(
        () => new BerthError('workspace.not-running', 'The workspace is not running any more.'),
        (error: unknown) => error,
      )
      .then((error) => {
        this.#end(source, error);
        this.#close(containerId, source);
      })
      .catch(() => {});
    return source;
  }

  #end(source: Source, error: unknown): void {
    source.end ??= { error };
    for (const wake of source.watchers) wake();
  }

  #close(containerId: string, source: Source): void {
    if (this.#sources.get(containerId) === source) this.#sources.delete(containerId);
    source.abort.abort();
  }
}
