/** A command in a container, its streams as they come. */
import type { SendableSignal } from '#contract/framed-bytes.ts';
import type { TerminalSize } from '#contract/terminals.ts';

export interface ContainerProcessSpec {
  readonly containerId: string;
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Absent: the container's own. */
  readonly user?: string;
  readonly workingFolder?: string;
  readonly hasInput: boolean;
  /** Absent: no terminal. */
  readonly size?: TerminalSize;
  /** Of the installation of Berth that starts it: six characters of base 32. Its mark has it, so that a later one finds it. */
  readonly tag: string;
  readonly signal?: AbortSignal;
}

/** A process of a container, as its host sees it. */
export interface RunningProgram {
  /** As the kernel has it (comm: at most 15 bytes; proc(5)). */
  readonly name: string;
  /** The first word of its command line, without its folder. */
  readonly program: string;
}

/** By which a later connection finds what a command left running. */
export interface ProcessMark {
  readonly containerId: string;
  readonly mark: string;
  /** Whoever may end its processes; undefined: the container's own user. */
  readonly user: string | undefined;
}

export interface ContainerProcess {
  readonly mark: ProcessMark;
  /**
   * Ends after the last byte. Read as it is asked for, with nothing kept beyond the stream's own window; with a terminal
   * everything is `stdout`. @throws BerthError connection-lost, when the way to it was cut
   */
  readonly output: AsyncIterable<{ readonly name: 'stdout' | 'stderr'; readonly bytes: Uint8Array }>;
  /** Resolves when there is room for more. What is written after the end is dropped. */
  write(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  /** The newest size counts, as with `Pty`. */
  resize(size: TerminalSize): void;
  /** To its process group; nothing where it has ended. Throws as `exec` does. */
  sendSignal(name: SendableSignal): Promise<void>;
  /** Once its output has ended. Null: nobody knows. 126 and 127 are the engine's, as a shell has them. */
  exitCode(): Promise<number | null>;
  /** Ends everything that it started, in the container. Throws when the way there is cut: then it may run on. */
  kill(): Promise<void>;
}

export interface ContainerProcesses {
  startProcess(spec: ContainerProcessSpec): Promise<ContainerProcess>;
  /** Ends what a command of an earlier connection left running. A container that does not run has nothing left. */
  endMarked(mark: ProcessMark): Promise<void>;
  /** Marks of commands of this installation's that have processes there, as far as the container's own user sees them. */
  listMarked(containerId: string, tag: string): Promise<string[]>;
  /** What runs in it: asked of the host, so that nothing is started in the container. Throws workspace.not-running. */
  listPrograms(containerId: string, signal?: AbortSignal): Promise<RunningProgram[]>;
}
