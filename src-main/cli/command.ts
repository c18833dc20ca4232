/** What a command is: how it is typed, and what it does at a plane once that was understood. */
import type { Client } from '#renderer/transport/client.ts';
import type { Interrupts } from './interrupts.ts';
import type { PlaneAccess } from './plane-access.ts';
import type { Terminal } from './terminal.ts';

export interface Flag {
  /** Absent: it takes no value. */
  readonly value?: string;
  readonly short?: string;
  /** It may be there more than once. */
  readonly isMany?: true;
  readonly help: string;
}

/** As typed, with flags and words known to be of this command and the words as many as it takes. */
export interface Typed {
  readonly words: readonly string[];
  /** The last one, of several. */
  text(flag: string): string | undefined;
  texts(flag: string): readonly string[];
  has(flag: string): boolean;
}

export interface Context {
  readonly client: Client;
  /** The plane was started for this command, and nobody else can answer its questions. */
  readonly isOwnPlane: boolean;
  /** It runs on another computer: files of this one are not there. */
  readonly isRemote: boolean;
  readonly terminal: Terminal;
  readonly interrupts: Interrupts;
  /** A program reads the output: what is told as it happens is one JSON value a line. */
  readonly isJson: boolean;
}

/** The result twice: for a program and for a person. Each line is one line. */
export interface Answer {
  readonly json: unknown;
  readonly lines: readonly string[];
  /** Default 0. */
  readonly exitCode?: number;
  /** All of it was told as it happened. */
  readonly isTold?: true;
}

export type Work = (context: Context) => Promise<Answer>;

interface CommandWords {
  /** As `snapshot create` or `exec`. */
  readonly name: string;
  /** Other names of the same. */
  readonly aliases?: readonly string[];
  /** Its words, as `<workspace> [<snapshot>]`. */
  readonly words: string;
  readonly wordCount: { readonly min: number; readonly max: number };
  /** Its words are another program's: an empty one is one of them. */
  readonly hasForeignWords?: true;
  readonly summary: string;
  /** More about it for its own help page. */
  readonly details?: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** What it exits with when Berth fails, in place of 1: where 1 may be another program's. */
  readonly failureCode?: number;
  /** Is a first thing that somebody does: makes the data folder where there is none. */
  readonly isBeginning?: true;
}

export interface PlaneCommand extends CommandWords {
  /** Understands what was typed, before any plane is asked. @throws TypedWrong */
  readonly read: (typed: Typed) => Work;
}

/** Of a command that needs no plane, or looks itself whether there is one. */
export interface LocalContext extends Omit<Context, 'client' | 'isOwnPlane' | 'isRemote'> {
  /** @throws an error whose message is for the person */
  readonly openPlane: () => Promise<PlaneAccess>;
  /** As chosen by flag or environment. */
  readonly place: Place;
}

/** Where the Berth is that is meant. */
export interface Place {
  readonly dataFolder: string;
  /** Origin of a served one that is asked over the network. */
  readonly server: string | undefined;
}

export interface LocalCommand extends CommandWords {
  readonly readLocal: (typed: Typed) => (context: LocalContext) => Promise<Answer>;
}

export type Command = PlaneCommand | LocalCommand;

export const yesFlag: Flag = { help: 'Does not ask.' };
