/** `berth exec`: a command in a workspace, as if it ran here: its streams, its signals and its exit code. */
import { type ByteFrame, ByteFrameReader, encodeByteFrame } from '#contract/framed-bytes.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { InputOf } from '#contract/index.ts';
import { EnvironmentVariable } from '#contract/projects.ts';
import type { ByteStream } from '#renderer/transport/client.ts';
import type { Answer, Context, PlaneCommand } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { enterRawMode } from './raw-mode.ts';
import { readyWorkspace } from './snapshot-commands.ts';
import { sendUp } from './upstream.ts';
import { windowSize, watchWindowSize } from './window-size.ts';
import { writeOut } from './write-out.ts';

/** `NAME=VALUE`. @throws TypedWrong, without the value, which may be a secret */
export function parseVariable(text: string): { name: string; value: string } {
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  if (equals === -1) throw new TypedWrong(`The variable "${name}" needs a value: ${name}=VALUE`);
  const parsed = EnvironmentVariable.safeParse({ name, value: text.slice(equals + 1) });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TypedWrong(
    `The variable "${name}" cannot be used: its ${String(issue?.path[0] ?? 'name')} ${issue?.message}.`,
  );
}

const exec: PlaneCommand = {
  name: 'exec',
  words: '<workspace> -- <command> [<argument>…]',
  wordCount: { min: 2, max: 4097 },
  hasForeignWords: true,
  failureCode: exitCodes.notRun,
  summary: 'Runs a command in a workspace and exits as it does.',
  details: [
    'No shell reads the words; for one, say: berth exec <workspace> -- sh -c "…"',
    'Ctrl+C and SIGTERM go to the command; a second one leaves at once, and the command is ended. What it started ends',
    'with it. Exit codes: the command’s own; 125 when Berth could not run it (more: berth help exit-codes).',
  ],
  flags: {
    interactive: { short: 'i', help: 'Gives it the input of this command.' },
    tty: { short: 't', help: 'Gives it a terminal, where both its outputs are one.' },
    user: { value: 'NAME[:GROUP]', short: 'u', help: 'As whom. Else as the user of the workspace.' },
    workdir: { value: 'FOLDER', short: 'w', help: 'Where, in the workspace. Else its mount point.' },
    env: {
      value: 'NAME=VALUE',
      short: 'e',
      isMany: true,
      help: 'A variable for it; may be there more than once.',
    },
  },
  read: (typed) => {
    const [word = '', program = '', ...rest] = typed.words;
    if (word === '' || program === '') throw new TypedWrong('Name a workspace and a command.');
    const environment = typed.texts('env').map(parseVariable);
    const [user = null, workingFolder = null] = [typed.text('user'), typed.text('workdir')];
    const hasTerminal = typed.has('tty');
    const hasInput = typed.has('interactive');
    return async (context) => {
      if (context.isJson) throw new TypedWrong('The output is the command’s own: berth exec prints no JSON.');
      const { id } = await readyWorkspace(context, word);
      const { output, term } = context.terminal;
      const terminal = hasTerminal ? { size: windowSize(output), term: termName(term) } : null;
      return runCommand(context, {
        id,
        argv: [program, ...rest],
        user,
        workingFolder,
        environment,
        terminal,
        hasInput,
      });
    };
  },
};

/** What TERM says here, where a container may know it. */
function termName(term: string | undefined): string {
  return term !== undefined && /^[A-Za-z0-9._+-]{1,64}$/.test(term) ? term : 'xterm-256color';
}

async function runCommand(
  context: Context,
  wish: InputOf<'workspaces.exec'> & { id: WorkspaceId },
): Promise<Answer> {
  const { client, terminal, interrupts } = context;
  const stream = client.bytes('workspaces.exec', wish);
  const send = (frame: ByteFrame) => stream.send(encodeByteFrame(frame));
  const isTerminal = wish.terminal !== null && wish.terminal !== undefined;
  const isRaw = isTerminal && wish.hasInput === true && terminal.input.isTTY === true;
  const leaveRawMode = isRaw ? enterRawMode(terminal.input) : () => undefined;
  const stopSizes = isTerminal
    ? watchWindowSize(terminal.output, (size) => send({ kind: 'resize', size }))
    : () => undefined;
  const result = receiveOutput(stream, context);
  const upstream =
    wish.hasInput === true
      ? sendUp(terminal.input, stream, (bytes) => send({ kind: 'input', bytes }))
      : undefined;
  void upstream?.ended.then(() => {
    // A terminal has no end of its input: the character stands for it (stty(1), eof).
    if (isTerminal) send({ kind: 'input', bytes: Uint8Array.of(4) });
    else send({ kind: 'inputEnd' });
  });
  try {
    const exitCode = await interrupts.during(
      (name) => send({ kind: 'signal', name }),
      () => result,
    );
    return { json: { exitCode }, lines: [], exitCode, isTold: true };
  } finally {
    upstream?.stop();
    stopSizes();
    leaveRawMode();
    stream.close();
  }
}

async function receiveOutput(stream: ByteStream, { terminal }: Context): Promise<number> {
  let exitCode: number | null | undefined;
  /** Writes that are not done yet, of one message. */
  let waiting = 0;
  let finish = () => {};
  const reader = new ByteFrameReader(['output', 'errorOutput', 'exit'], (frame) => {
    if (frame.kind === 'exit') exitCode = frame.exitCode;
    if (frame.kind !== 'output' && frame.kind !== 'errorOutput') return;
    waiting += 1;
    writeOut(frame.kind === 'output' ? terminal.output : terminal.error, frame.bytes, () => {
      waiting -= 1;
      if (waiting === 0) finish();
    });
  });
  const used: (() => void)[] = [];
  stream.onBytes((bytes, done) => {
    used.push(done);
    finish = () => {
      for (const one of used.splice(0)) one();
    };
    reader.push(bytes);
    if (waiting === 0) finish();
  });
  await stream.ended;
  if (waiting > 0) await new Promise<void>((resolve) => (finish = resolve));
  if (exitCode === undefined || exitCode === null)
    throw new CommandFailure(
      'The command ended, and nobody knows how: its container stopped or the host was lost.',
    );
  return exitCode;
}

export const execCommands: readonly PlaneCommand[] = [exec];
