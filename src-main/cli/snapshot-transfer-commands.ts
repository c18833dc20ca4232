/** `berth snapshot …`: files and whole snapshots out of Berth and into it. */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImageReference, ProjectDefinition } from '#contract/projects.ts';
import type { SnapshotId } from '#contract/ids.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { ByteStream } from '#renderer/transport/client.ts';
import { formatBytes } from './amounts.ts';
import { awaitHost } from './await-host.ts';
import { readAll } from './collections.ts';
import type { Answer, Command, Context, Flag } from './command.ts';
import { cancelled, TypedWrong } from './failure.ts';
import { labelOf } from './find-snapshot.ts';
import { findWorkspace, pickHost } from './find-workspace.ts';
import { createTransferProgress } from './progress.ts';
import { readySnapshot } from './snapshot-commands.ts';
import { entryAt } from './snapshot-file-commands.ts';
import { entryPath, newSnapshotName } from './snapshot-flags.ts';
import { fileSink, fileSource, outputSink, receiveInto, sendFrom } from './transfer.ts';

const outputFlag: Flag = { value: 'FILE', short: 'o', help: 'Where it goes; - is the output.' };
const standardOutput = '-';

interface Download {
  readonly what: string;
  /** As it is called when nobody says how. */
  readonly fileName: string;
  readonly totalBytes: number | null;
  readonly isText: boolean;
  readonly open: () => ByteStream;
}

/** Where to, as typed: a folder takes the file's own name. */
async function download(context: Context, to: string | undefined, given: Download): Promise<Answer> {
  const { terminal, interrupts } = context;
  const isOut = to === standardOutput;
  if (isOut && terminal.output.isTTY === true && !given.isText)
    throw new TypedWrong('An archive is nothing for a terminal. Send it into a pipe, or say -o FILE.');
  const isFolder =
    to !== undefined && !isOut && (await stat(to).catch(() => undefined))?.isDirectory() === true;
  const path = to === undefined ? given.fileName : isFolder ? join(to, given.fileName) : to;
  const sink = isOut ? outputSink(terminal.output) : await fileSink(path, to !== undefined && !isFolder);
  const progress = createTransferProgress(terminal, given.what, given.totalBytes);
  let byteCount = 0;
  const stream = given.open();
  let isInterrupted = false;
  const stop = () => {
    isInterrupted = true;
    stream.close();
  };
  try {
    await interrupts.during(stop, () =>
      receiveInto(
        stream,
        {
          ...sink,
          finish: async () => {
            if (isInterrupted) throw cancelled(isOut ? 'Cancelled.' : `Cancelled. ${path} was not written.`);
            await sink.finish();
          },
        },
        (count) => {
          byteCount += count;
          progress.add(count);
        },
      ),
    );
  } finally {
    progress.end();
  }
  return {
    json: { path: isOut ? null : path, sizeBytes: byteCount },
    lines: isOut ? [] : [`Wrote ${path}, ${formatBytes(byteCount)}.`],
  };
}

const get: Command = {
  name: 'snapshot get',
  words: '<workspace> <snapshot> <path>',
  wordCount: { min: 3, max: 3 },
  summary: 'Gets a file out of a snapshot, or a folder as a tar archive.',
  flags: { output: outputFlag },
  read: (typed) => {
    const [word = '', snapshotWord = '', pathWord = ''] = typed.words;
    return async (context) => {
      const { snapshot } = await readySnapshot(context, word, snapshotWord);
      const path = entryPath(pathWord, snapshot.mountPoint);
      const entry = await entryAt(context, snapshot.id, path);
      const isFolder = entry === undefined || entry.kind === 'folder';
      const name = path === '.' ? fileNameOf(snapshot) : path.slice(path.lastIndexOf('/') + 1);
      return download(context, typed.text('output'), {
        what: name,
        fileName: isFolder ? `${name}.tar` : name,
        totalBytes: isFolder ? null : entry.sizeBytes,
        isText: !isFolder,
        open: () => context.client.bytes('snapshots.read', { id: snapshot.id, path }),
      });
    };
  },
};

/** Letters, digits and a few signs of what it is called; never empty, never hidden, never a path. */
export function fileNameOf({
  workspaceName,
  name,
  id,
}: Pick<Snapshot, 'workspaceName' | 'name' | 'id'>): string {
  const safe = (text: string) =>
    text
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[.-]+|[.-]+$/g, '')
      .slice(0, 60);
  return [safe(workspaceName), safe(name ?? id) || id].filter((part) => part !== '').join('-');
}

const exporting: Command = {
  name: 'snapshot export',
  words: '<workspace> <snapshot>',
  wordCount: { min: 2, max: 2 },
  summary: 'Writes a whole snapshot as a .tar.zst that plain tar opens.',
  flags: { output: outputFlag },
  read: (typed) => {
    const [word = '', snapshotWord = ''] = typed.words;
    return async (context) => {
      const { snapshot } = await readySnapshot(context, word, snapshotWord);
      return download(context, typed.text('output'), {
        what: labelOf(snapshot),
        fileName: `${fileNameOf(snapshot)}.tar.zst`,
        totalBytes: snapshot.storage === 'archive' ? snapshot.sizeBytes : null,
        isText: false,
        open: () => context.client.bytes('snapshots.export', { id: snapshot.id }),
      });
    };
  },
};

/** 100 random bits in base 32, as every id has. */
function newSnapshotId(): SnapshotId {
  const digits = '0123456789abcdefghjkmnpqrstvwxyz';
  return `snap_${[...randomBytes(20)].map((byte) => digits[byte & 31]).join('')}`;
}

const importing: Command = {
  name: 'snapshot import',
  words: '<file.tar.zst> --host HOST',
  wordCount: { min: 1, max: 1 },
  summary: 'Takes an exported snapshot, or another .tar.zst, onto a host.',
  flags: {
    host: { value: 'HOST', help: 'The host that keeps it. It must be named.' },
    workspace: {
      value: 'WORKSPACE',
      help: 'The workspace whose snapshot it becomes. Else it is of none yet.',
    },
    name: { value: 'NAME', help: 'What it is called. Else as the file.' },
    image: { value: 'IMAGE', help: 'For an archive not made by Berth: what a workspace of it is made with.' },
    'mount-point': { value: 'PATH', help: 'For such an archive: where its files belong.' },
  },
  read: (typed) => {
    const [path = ''] = typed.words;
    const [hostWord, word] = [typed.text('host'), typed.text('workspace')];
    if (hostWord === undefined) throw new TypedWrong('Name the host that keeps it: --host HOST');
    const fileName = basename(path).replace(/\.(tar\.zst|tzst|tar|zst)$/, '');
    const name = newSnapshotName(typed.text('name') ?? fileName.slice(0, 80));
    const image = checked('--image', ImageReference, typed.text('image'));
    const mountPoint = checked(
      '--mount-point',
      ProjectDefinition.shape.mountPoint,
      typed.text('mount-point'),
    );
    return async (context) => {
      const { client, terminal, interrupts } = context;
      const host = pickHost(hostWord, await readAll(client, 'hosts.watch'));
      const subject = word === undefined ? undefined : await findWorkspace(context, word);
      const source = await fileSource(path);
      try {
        await awaitHost(context, host.id);
        const id = newSnapshotId();
        const progress = createTransferProgress(terminal, `Sending ${fileName}`, source.sizeBytes);
        const { sizeBytes } = source;
        const workspaceId = subject?.id ?? null;
        const input = { id, hostId: host.id, workspaceId, name, sizeBytes, image, mountPoint };
        const stream = client.bytes('snapshots.import', input);
        let isInterrupted = false;
        const stop = () => {
          isInterrupted = true;
          stream.close();
        };
        await interrupts
          .during(stop, () => sendFrom(stream, source, (count) => progress.add(count)))
          .finally(() => progress.end());
        if (isInterrupted) throw cancelled('Cancelled. Nothing was imported.');
        const made = (await readAll(client, 'snapshots.watch')).find((one) => one.id === id);
        return {
          json: made ?? { id },
          lines: [`Imported ${made === undefined ? `"${name}"` : labelOf(made)} to "${host.name}": ${id}`],
        };
      } finally {
        await source.close();
      }
    };
  },
};

interface Checker {
  safeParse(value: unknown): {
    readonly success: boolean;
    readonly data?: string;
    readonly error?: { readonly issues: readonly { readonly message: string }[] };
  };
}

function checked(flag: string, schema: Checker, text: string | undefined): string | null {
  if (text === undefined) return null;
  const { success, data, error } = schema.safeParse(text);
  if (success) return data ?? null;
  throw new TypedWrong(
    `${flag}: "${text}" cannot be used: it ${error?.issues[0]?.message ?? 'is not valid'}.`,
  );
}

export const snapshotTransferCommands: readonly Command[] = [get, exporting, importing];
