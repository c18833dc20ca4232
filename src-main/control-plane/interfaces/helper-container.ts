/**
 * Short-lived containers of Berth's own, that work on volumes, snapshots and networks where they are. A helper runs
 * one of `resources/remote/*.py` with the host's own programs (its /usr, read-only): nothing is pulled and nothing
 * is installed. It has no network unless asked, no more capabilities than named, and a read-only root.
 */
import type { HostProcess } from './host-connection.ts';

export interface HelperMount {
  /** `volume`: a volume's name; `folder`: an absolute path on the engine's machine; `socket`: the engine's own socket. */
  readonly kind: 'volume' | 'folder' | 'socket';
  readonly source: string;
  /** Absolute path in the helper. */
  readonly target: string;
  readonly isReadOnly: boolean;
  /** Of a folder: made (0755, root) where it is not there. False: then the call throws not-found. */
  readonly mayCreate?: boolean;
}

export interface HelperSpec {
  /** Name of the container: the same name again finds what an earlier try began. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `snapshot`: snapshot-helper.py, the default. `dial`: dial-relay.py. `files`: file-agent.py. */
  readonly program?: 'snapshot' | 'dial' | 'files';
  /** Arguments of the program. Never a secret: they show in `docker inspect`. */
  readonly args: readonly string[];
  readonly mounts: readonly HelperMount[];
  /** Linux capabilities without `CAP_`; all others are dropped. */
  readonly capabilities: readonly string[];
  /** Default `none`. `containerId`: the network of that container, as long as it lives. */
  readonly network?: 'none' | 'host' | { readonly containerId: string };
  /** Sees the processes of that container, as long as it lives. Default: its own alone. */
  readonly processes?: { readonly containerId: string };
  readonly memoryBytes?: number;
}

export interface HelperState {
  readonly id: string;
  readonly isRunning: boolean;
  /** Null while it runs or when it never did. */
  readonly exitCode: number | null;
  readonly isOutOfMemory: boolean;
}

export interface HelperContainers {
  /**
   * Runs one with its input and output in our hands; it ends with the connection and is removed at its end. Throws
   * snapshot.tools-missing (the host has no python3, GNU tar or zstd that a container can use), not-found (a folder that is
   * not there), engine.*.
   */
  runHelper(spec: HelperSpec, signal?: AbortSignal): Promise<HostProcess>;
  /**
   * Starts one that goes on without us; `input` is written to its standard input, which is then closed. One of this name
   * that is there already is found, started if it never was, and not started twice. Throws as `runHelper`.
   */
  startHelper(spec: HelperSpec, input?: Uint8Array): Promise<{ id: string }>;
  /** Undefined: there is none of this name. */
  helperState(name: string, signal?: AbortSignal): Promise<HelperState | undefined>;
  /**
   * Calls back with each whole line of its standard output from its beginning, and resolves at its end. `errorText`: the
   * last 4 KiB of its standard error. Throws connection-lost and the like when the way there ends first.
   */
  followHelper(
    name: string,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<HelperState & { readonly errorText: string }>;
  /** SIGTERM (then SIGKILL after 10 s), wait, remove. None of this name is fine. */
  endHelper(name: string): Promise<void>;
  /** Names of helpers that carry these labels, whatever their state. */
  listHelpers(labels: Readonly<Record<string, string | null>>, signal?: AbortSignal): Promise<string[]>;
}
