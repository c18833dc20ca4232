/** `berth cp`: files and folders between this computer and a running workspace, as tar archives in between. */
import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, posix, resolve } from 'node:path';
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { ByteStream } from '#renderer/transport/client.ts';
import { formatBytes, formatCount } from './amounts.ts';
import type { Answer, Context, PlaneCommand } from './command.ts';
import { type CopySide, planCopy } from './copy-paths.ts';
import { CommandFailure, cancelled, TypedWrong } from './failure.ts';
import { createTransferProgress, type TransferProgress } from './progress.ts';
import { readyWorkspace } from './snapshot-commands.ts';
import { tarOfTree } from './tar-writer.ts';
import { outputSink, receiveInto } from './transfer.ts';
import { TreeWriter } from './tree-writer.ts';

type InWorkspace = Extract<CopySide, { kind: 'workspace' }>;

const copy: PlaneCommand = {
  name: 'cp',
  words: '<source> <destination>',
  wordCount: { min: 2, max: 2 },
  summary: 'Copies files and folders into a running workspace, or out of it.',
  details: [
    'One side is <workspace>:<path>, where a relative path is below the mount point; the other is of this computer, or -:',
    'a tar archive on the input or output. A folder that is there gets the copy inside it, under its own name; with /. at',
    'the end of the source, what is in it. Keeps modes, times and links; owners are who writes.',
  ],
  flags: {},
  read: (typed) => {
    const [source = '', destination = ''] = typed.words;
    const { from, to } = planCopy(source, destination);
    return async (context) => {
      if (from.kind === 'workspace') return await copyOut(context, from, to);
      if (to.kind === 'workspace') return await copyIn(context, from, to);
      throw new TypedWrong('No side is in a workspace.');
    };
  },
};

// --- out of a workspace -----------------------------------------------------------------------------------------------

async function copyOut(context: Context, from: InWorkspace, to: CopySide): Promise<Answer> {
  const { client, terminal } = context;
  if (to.kind === 'stream' && terminal.output.isTTY === true)
    throw new TypedWrong('An archive is nothing for a terminal. Send it into a pipe, or name a folder.');
  const destination = to.kind === 'local' ? await localDestination(from.path, to.path) : undefined;
  const { id, name } = await readyWorkspace(context, from.workspace);
  const progress = createTransferProgress(terminal, `Copying ${from.path}`, null);
  const stream = client.bytes('workspaces.readTree', { id, path: from.path });
  let byteCount = 0;
  const count = (more: number) => {
    byteCount += more;
    progress.add(more);
  };
  try {
    if (destination === undefined) {
      await cancellable(context, stream, () => receiveInto(stream, outputSink(terminal.output), count));
      return { json: null, lines: [], isTold: true };
    }
    const writer = new TreeWriter({
      root: Buffer.from(destination.root),
      rename: destination.rename,
      onSkipped: (path, why) => terminal.note(`Left out: ${path}, ${why}.`),
    });
    await cancellable(context, stream, () => writer.write(chunksOf(stream, count)));
    progress.end();
    return told({ name, entryCount: writer.entryCount, byteCount, to: to.kind === 'local' ? to.path : '-' });
  } finally {
    progress.end();
    stream.close();
  }
}

function told(given: { name: string; entryCount: number; byteCount: number; to: string }): Answer {
  const { name, entryCount, byteCount, to } = given;
  const entries = formatCount(entryCount, 'entry', 'entries');
  return {
    json: { workspaceName: name, to, entries: entryCount, bytes: byteCount },
    lines: [`Copied ${entries}, ${formatBytes(byteCount)}, to ${to}`],
  };
}

/** The name in the archive is the source's last part; it becomes the destination's, unless that is a folder. */
async function localDestination(
  source: string,
  typed: string,
): Promise<{ root: string; rename: Buffer | undefined }> {
  const path = resolve(typed);
  const isThere = await stat(path).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
  const isContents = /^\/*$|(^|\/)\.{1,2}\/*$/.test(source);
  if (isThere === true) return { root: path, rename: undefined };
  if (isContents || typed.endsWith('/'))
    throw new CommandFailure(`${typed} is no folder that is there. Make it first: mkdir -p ${typed}`);
  const root = dirname(path);
  const parent = await stat(root).catch(() => undefined);
  if (parent?.isDirectory() !== true)
    throw new CommandFailure(`${root} is no folder that is there. Make it first: mkdir -p ${root}`);
  return { root, rename: Buffer.from(basename(path)) };
}

/** What comes down, at the pace at which it is taken. */
async function* chunksOf(
  stream: ByteStream,
  onBytes: (byteCount: number) => void,
): AsyncGenerator<Uint8Array> {
  const waiting: { readonly bytes: Uint8Array; readonly done: () => void }[] = [];
  let wake = () => {};
  let end: { readonly error?: unknown } | undefined;
  stream.onBytes((bytes, done) => {
    waiting.push({ bytes, done });
    wake();
  });
  stream.ended.then(
    () => {
      end = {};
      wake();
    },
    (error: unknown) => {
      end = { error };
      wake();
    },
  );
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) {
      yield next.bytes;
      onBytes(next.bytes.byteLength);
      next.done();
    } else if (end !== undefined) {
      if (end.error !== undefined) throw end.error;
      return;
    } else await new Promise<void>((resolve) => (wake = resolve));
  }
}

// --- into a workspace -------------------------------------------------------------------------------------------------

async function copyIn(context: Context, from: CopySide, to: InWorkspace): Promise<Answer> {
  const { client, terminal } = context;
  if (from.kind === 'stream' && terminal.input.isTTY === true)
    throw new TypedWrong('An archive is nothing that can be typed. Send it through a pipe, or name a file.');
  const source = from.kind === 'local' ? from.path : undefined;
  if (source !== undefined)
    await lstat(source).catch((error: Error) => {
      throw new CommandFailure(`${source} cannot be read: ${error.message}`);
    });
  const { id, name } = await readyWorkspace(context, to.workspace);
  const place = await remoteDestination(context, { id, typed: to.path, source });
  const stream = client.bytes('workspaces.writeTree', { id, path: place.folder });
  const progress = createTransferProgress(terminal, `Copying ${source ?? 'the input'}`, null);
  let [entryCount, byteCount] = [0, 0];
  const archive =
    source === undefined
      ? (terminal.input as AsyncIterable<Uint8Array>)
      : tarOfTree({
          path: Buffer.from(resolve(source)),
          name: place.name,
          onSkipped: (path, why) => terminal.note(`Left out: ${path}, ${why}.`),
          onEntry: () => {
            entryCount += 1;
          },
        });
  try {
    await cancellable(context, stream, async () => {
      await sendArchive(stream, archive, (more) => {
        byteCount += more;
        progress.add(more);
      });
    });
    progress.end();
    const where = `${to.workspace}:${to.path}`;
    if (source !== undefined) return told({ name, entryCount, byteCount, to: where });
    return {
      json: { workspaceName: name, to: where, entries: null, bytes: byteCount },
      lines: [`Unpacked ${formatBytes(byteCount)} into ${where}`],
    };
  } finally {
    progress.end();
    stream.close();
  }
}

async function sendArchive(
  stream: ByteStream,
  archive: AsyncIterable<Uint8Array>,
  onBytes: TransferProgress['add'],
): Promise<void> {
  let isOver = false;
  const end = stream.ended.finally(() => {
    isOver = true;
  });
  end.catch(() => undefined);
  for await (const chunk of archive) {
    if (isOver) break;
    stream.send(encodeByteFrame({ kind: 'input', bytes: chunk }));
    onBytes(chunk.byteLength);
    await stream.whenSent();
  }
  stream.send(encodeByteFrame({ kind: 'inputEnd' }));
  await end;
}

/** Into a folder that is there under its own name, else beside it under the new one, as cp(1) does. */
async function remoteDestination(
  { client }: Context,
  {
    id,
    typed,
    source,
  }: { readonly id: WorkspaceId; readonly typed: string; readonly source: string | undefined },
): Promise<{ folder: string; name: Buffer | undefined }> {
  const kindOf = async (path: string) => (await client.call('workspaces.pathKind', { id, path })).kind;
  const isContents = source !== undefined && /(^|[/\\])\.{1,2}[/\\]*$/.test(source);
  const isFolder = (await kindOf(typed)) === 'folder';
  if (isFolder)
    return {
      folder: typed,
      name: source === undefined || isContents ? undefined : Buffer.from(basename(resolve(source))),
    };
  if (source === undefined || isContents || typed.endsWith('/'))
    throw new CommandFailure(
      `"${typed}" is no folder that is there. Make it first: berth exec … -- mkdir -p ${typed}`,
    );
  const folder = posix.dirname(typed);
  if ((await kindOf(folder)) !== 'folder')
    throw new CommandFailure(
      `"${folder}" is no folder that is there. Make it first: berth exec … -- mkdir -p ${folder}`,
    );
  return { folder, name: Buffer.from(posix.basename(typed)) };
}

async function cancellable(context: Context, stream: ByteStream, work: () => Promise<void>): Promise<void> {
  let isInterrupted = false;
  const stop = () => {
    isInterrupted = true;
    stream.close();
  };
  try {
    await context.interrupts.during(stop, work);
  } catch (error) {
    if (!isInterrupted) throw error;
  }
  if (isInterrupted) throw cancelled('Cancelled. What was copied until then stays.');
}

export const copyCommands: readonly PlaneCommand[] = [copy];
