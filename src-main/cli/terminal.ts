/**
 * The three streams that a command has. Results go to the output; progress, questions and complaints to the error stream,
 * so that a pipe gets results alone. Everything that passes here is made plain first; raw bytes have a way of their own.
 */
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { TypedWrong } from './failure.ts';
import { askHidden } from './hidden-input.ts';
import { clip, plain } from './plain-text.ts';

export type OutputStream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>;
export type InputStream = Readable & { readonly isTTY?: boolean };

export interface Streams {
  readonly input: InputStream;
  readonly output: OutputStream;
  readonly error: OutputStream;
  /** What kind of terminal it is ($TERM), as far as that is known. */
  readonly term?: string | undefined;
}

export interface Terminal extends Streams {
  /** One line of the result. */
  print(line: string): void;
  /** One line for the person, beside the result. */
  note(line: string): void;
  /** True: `status` rewrites one line. False: nobody looks, and `status` shows nothing. */
  readonly isWatched: boolean;
  /** The line that is rewritten; an empty text takes it away. */
  status(text: string): void;
  /** Width of the output, if a person reads it. */
  readonly columns: number | undefined;
  /** No answer, and `signal`, are a no. @throws TypedWrong when nobody can be asked. */
  confirm(question: string, signal: AbortSignal): Promise<boolean>;
  /** Somebody sits here who can be asked. */
  readonly canAsk: boolean;
  /**
   * One line, as typed. `isHidden`: nothing of it is shown. Undefined at the end of the input and at `signal`.
   * @throws TypedWrong when nobody can be asked.
   */
  ask(question: string, how: { isHidden: boolean; signal: AbortSignal }): Promise<string | undefined>;
}

const eraseLine = '\r\u001b[2K';
const usualColumns = 80;

/** `isQuiet`: no progress and no remarks, only results and questions. */
export function createTerminal(
  { input, output, error, term }: Streams,
  { isQuiet = false }: { readonly isQuiet?: boolean } = {},
): Terminal {
  const isTerminal = error.isTTY === true;
  const isWatched = isTerminal && !isQuiet;
  const canAsk = input.isTTY === true && isTerminal;
  let shown = '';
  const status = (text: string) => {
    if (!isWatched) return;
    const line = clip(plain(text), (error.columns ?? usualColumns) - 1);
    if (line === shown) return;
    shown = line;
    error.write(`${eraseLine}${line}`);
  };
  const aside = (write: () => void) => {
    const before = shown;
    status('');
    write();
    status(before);
  };
  return {
    print: (line) => aside(() => output.write(`${plain(line)}\n`)),
    note: (line) => {
      if (!isQuiet) aside(() => error.write(`${plain(line)}\n`));
    },
    isWatched,
    status,
    columns: output.isTTY === true ? (output.columns ?? usualColumns) : undefined,
    canAsk,
    confirm: async (question, signal) => {
      status('');
      if (!canAsk)
        throw new TypedWrong(
          'Nobody can be asked here, and nothing was changed. Say --yes to go on unasked.',
        );
      const answer = await askLine({ input, error, question: `${plain(question)} [y/N] `, signal });
      return /^\s*y(es)?\s*$/i.test(answer ?? '');
    },
    ask: async (question, { isHidden, signal }) => {
      status('');
      if (!canAsk) throw new TypedWrong(`Nobody can be asked here for what it takes: ${question}`);
      const asked = { input, error, question: `${plain(question)} `, signal };
      return await (isHidden ? askHidden(asked) : askLine(asked));
    },
    input,
    output,
    error,
    term,
  };
}

export interface Asked {
  readonly input: InputStream;
  readonly error: OutputStream;
  readonly question: string;
  readonly signal: AbortSignal;
}

async function askLine({ input, error, question, signal }: Asked): Promise<string | undefined> {
  // Its own handling of Ctrl+C would swallow the signal.
  const lines = createInterface({ input, output: error, terminal: false });
  const answer = Promise.withResolvers<string | undefined>();
  // At the end of the input, and at an interrupt, no line comes any more.
  lines.once('line', answer.resolve).once('close', () => answer.resolve(undefined));
  const stop = () => lines.close();
  signal.addEventListener('abort', stop);
  error.write(question);
  const typed = await answer.promise;
  signal.removeEventListener('abort', stop);
  lines.close();
  // A terminal that is still read from would keep the process alive.
  input.pause();
  return signal.aborted ? undefined : typed;
}
