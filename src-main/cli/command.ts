/** What a command is: how it is typed, and what it does at a plane once that was understood. */
import type { Client } from '#renderer/transport/client.ts';
import type { Interrupts } from './interrupts.ts';
import type { Terminal } from './terminal.ts';

export interface Flag {
  /** Absent: it takes no value. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
}

/** As typed, with flags and words known to be of this command and the words as many as it takes. */
export interface Typed {
  readonly words: readonly string[];
  text(flag: string): string | undefined;
  has(flag: string): boolean;
}

export interface Context {
  readonly client: Client;
  /** The plane was started for this command, and nobody else can answer its questions. */
  readonly isOwnPlane: boolean;
  readonly terminal: Terminal;
  readonly interrupts: Interrupts;
}

/** The result twice: for a program and for a person. Each line is one line. */
export interface Answer {
  readonly json: unknown;
  readonly lines: readonly string[];
}

export type Work = (context: Context) => Promise<Answer>;

export interface Command {
  /** As `snapshot create`. */
  readonly name: string;
  /** Its words, as `<workspace> [<snapshot>]`. */
  readonly words: string;
  readonly wordCount: { readonly min: number; readonly max: number };
  readonly summary: string;
  /** More about it for its own help page. */
  readonly details?: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Understands what was typed, before any plane is asked. @throws TypedWrong */
  readonly read: (typed: Typed) => Work;
}

export const yesFlag: Flag = { help: 'Does not ask.' };
