/** `berth file …`: files of workspaces and hosts, where they are, and to and from this computer one by one. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, posix, resolve } from 'node:path';
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { FileEntry, PlaceId } from '#contract/files.ts';
import { formatBytes, formatInstant, formatMode } from './amounts.ts';
import { readAll } from './collections.ts';
import { type Context, type PlaneCommand, yesFlag } from './command.ts';
import { CommandFailure, cancelled, TypedWrong } from './failure.ts';
import { findWorkspace, pickHost, presentWorkspace } from './find-workspace.ts';
import { followCall } from './follow-operation.ts';
import { inOneFolder, parseMode, parsePlacePath, type PlacePath } from './place-paths.ts';
import { createTransferProgress } from './progress.ts';
import { agreed } from './snapshot-commands.ts';
import { formatTable } from './table.ts';
import { fileSink, outputSink, receiveInto } from './transfer.ts';
import { sendUp } from './upstream.ts';

async function placeIdOf(context: Context, { kind, place }: PlacePath): Promise<PlaceId> {
  if (kind === 'host') return pickHost(place, await readAll(context.client, 'hosts.watch')).id;
  return presentWorkspace(await findWorkspace(context, place)).id;
}

const where = 'A place is a workspace, as alpha:src, or a host, as @atlas:/etc (for who owns hosts).';

const list: PlaneCommand = {
  name: 'file list',
  aliases: ['file ls'],
  words: '<place>:[<path>]',
  wordCount: { min: 1, max: 1 },
  summary: 'Lists a folder of a workspace or host.',
  details: [where],
  flags: {},
  read: (typed) => {
    const at = parsePlacePath(typed.words[0] ?? '');
    return async (context) => {
      const placeId = await placeIdOf(context, at);
      const entries: FileEntry[] = [];
      let path = at.path;
      for await (const part of context.client.stream('files.list', { placeId, path: at.path })) {
        path = part.path;
        entries.push(...part.entries);
      }
      entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      const rows = entries.map((one) => [
        formatMode(one.kind, one.mode),
        `${one.owner}:${one.group}`,
        one.kind === 'file' ? formatBytes(one.sizeBytes) : '–',
        formatInstant(one.modifiedAt),
        one.target === null ? one.name : `${one.name} -> ${one.target}`,
      ]);
      const headings = ['MODE', 'OWNER', 'SIZE', 'CHANGED', 'NAME'];
      const { columns } = context.terminal;
      return {
        json: { path, entries },
        lines: rows.length === 0 ? ['It is empty.'] : formatTable({ headings, rows, right: [2], columns }),
      };
    };
  },
};

const get: PlaneCommand = {
  name: 'file get',
  words: '<place>:<path> [<local>]',
  wordCount: { min: 1, max: 2 },
  summary: 'Saves a file of a workspace or host here, or (as -) prints it.',
  details: [where, 'Folders: berth cp'],
  flags: { replace: { help: 'Replaces a file of this name that is here.' } },
  read: (typed) => {
    const at = parsePlacePath(typed.words[0] ?? '');
    const typedLocal = typed.words[1];
    return async (context) => {
      const { client, terminal } = context;
      const placeId = await placeIdOf(context, at);
      const entry = await client.call('files.look', { placeId, path: at.path });
      const local = typedLocal ?? posix.basename(at.path);
      const isHere = local !== '-' && (await stat(local).catch(() => undefined))?.isDirectory() === true;
      const path = isHere ? resolve(local, posix.basename(at.path)) : local;
      const sink = path === '-' ? outputSink(terminal.output) : await fileSink(path, typed.has('replace'));
      const total = entry.kind === 'file' ? entry.sizeBytes : null;
      const progress = createTransferProgress(terminal, `Reading ${at.path}`, total);
      const stream = client.bytes('files.read', { placeId, path: at.path });
      let bytes = 0;
      const count = (more: number) => {
        bytes += more;
        progress.add(more);
      };
      await during(context, stream, () => receiveInto(stream, sink, count)).finally(() => progress.end());
      if (path === '-') return { json: null, lines: [], isTold: true };
      return { json: { path, bytes }, lines: [`Saved ${formatBytes(bytes)} as ${path}`] };
    };
  },
};

/** Ctrl+C ends the stream, and with it what it does. */
async function during<T>(
  { interrupts }: Context,
  stream: { close(): void },
  work: () => Promise<T>,
): Promise<T> {
  let isStopped = false;
  try {
    return await interrupts.during(() => {
      isStopped = true;
      stream.close();
    }, work);
  } catch (error) {
    if (isStopped) throw cancelled('Nothing was changed.');
    throw error;
  }
}

/** The same file to the same place again goes on where an earlier try broke off. */
function uploadKeyOf(facts: readonly (string | number)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(facts)).digest();
  const letters = '0123456789abcdefghjkmnpqrstvwxyz';
  return [...hash.subarray(0, 20)].map((byte) => letters[byte % 32]).join('');
}

const put: PlaneCommand = {
  name: 'file put',
  words: '<local> <place>:<path>',
  wordCount: { min: 2, max: 2 },
  summary: 'Sends a file of this computer to a workspace or host; once more, goes on where it broke off.',
  details: [where, 'Folders: berth cp'],
  flags: { replace: { help: 'Replaces a file of this name that is there.' } },
  read: (typed) => {
    const [local = '', placeWord = ''] = typed.words;
    const at = parsePlacePath(placeWord);
    return async (context) => {
      const { client, terminal } = context;
      const facts = await stat(local).catch((error: Error) => {
        throw new CommandFailure(`${local} cannot be read: ${error.message}`);
      });
      if (!facts.isFile()) throw new TypedWrong(`${local} is no file. Folders: berth cp`);
      const placeId = await placeIdOf(context, at);
      const path = await targetOf(context, placeId, at.path, basename(local));
      const uploadKey = uploadKeyOf([resolve(local), facts.size, facts.mtimeMs, placeId, path]);
      const { bytes: offset } = await client.call('files.uploaded', { placeId, path, uploadKey });
      if (offset > 0) terminal.note(`${formatBytes(offset)} of it are there from an earlier try.`);
      const stream = client.bytes('files.write', {
        ...{ placeId, path, uploadKey, offset, sizeBytes: facts.size, mode: facts.mode & 0o777 },
        replaces: typed.has('replace') ? 'anything' : 'nothing',
        modifiedAt: facts.mtime.toISOString(),
      });
      const progress = createTransferProgress(terminal, `Sending ${local}`, facts.size);
      progress.add(offset);
      const send = async () => {
        await stream.opened;
        if (offset < facts.size) {
          const source = createReadStream(local, { start: offset, end: facts.size - 1 });
          const upstream = sendUp(source, stream, (bytes) => {
            stream.send(encodeByteFrame({ kind: 'input', bytes }));
            progress.add(bytes.byteLength);
          });
          await Promise.race([upstream.ended, stream.ended.catch(() => undefined)]);
          upstream.stop();
          source.destroy();
        }
        stream.send(encodeByteFrame({ kind: 'inputEnd' }));
        await stream.ended;
      };
      await during(context, stream, send).finally(() => progress.end());
      return {
        json: { placeId, path, bytes: facts.size },
        lines: [`Sent ${formatBytes(facts.size)} to ${path}`],
      };
    };
  },
};

/** Into a folder that is there, under its own name. */
async function targetOf({ client }: Context, placeId: PlaceId, path: string, name: string): Promise<string> {
  if (path.endsWith('/') || path === '.') return posix.join(path, name);
  try {
    const entry = await client.call('files.look', { placeId, path });
    const isFolder = entry.kind === 'folder' || (entry.kind === 'link' && entry.targetKind === 'folder');
    return isFolder ? posix.join(path, name) : path;
  } catch {
    // Nothing is there, or it may not be looked at: then the sending says why.
    return path;
  }
}

const remove: PlaneCommand = {
  name: 'file remove',
  aliases: ['file rm'],
  words: '<place>:<path>…',
  wordCount: { min: 1, max: 64 },
  summary: 'Deletes files and folders of one folder with all that is in them, for good.',
  details: [where],
  flags: { yes: yesFlag },
  read: (typed) => {
    const { at, folder, names } = inOneFolder(typed.words.map(parsePlacePath));
    return async (context) => {
      const placeId = await placeIdOf(context, at);
      await agreed(context, {
        lines: [`Deletes for good, with all that is in them: ${names.join(', ')}`],
        question: 'Delete?',
        isYes: typed.has('yes'),
      });
      const operation = await followCall(context, () =>
        context.client.call('files.remove', { placeId, path: folder, names }),
      );
      return { json: operation, lines: ['Deleted.'] };
    };
  },
};

const copy: PlaneCommand = {
  name: 'file copy',
  words: '<place>:<path>… <place>:<folder>',
  wordCount: { min: 2, max: 64 },
  summary: 'Copies files and folders into another folder, of another workspace or host too.',
  details: [where, 'They stream through Berth; nothing of them is kept on this computer.'],
  flags: {
    move: { help: 'Deletes them where they were, once all are there.' },
    'on-conflict': {
      value: 'fail|replace|skip|both',
      help: 'Where something of the name is there. Else fail.',
    },
  },
  read: (typed) => {
    const { at, folder, names } = inOneFolder(typed.words.slice(0, -1).map(parsePlacePath));
    const to = parsePlacePath(typed.words.at(-1) ?? '');
    const onConflict = (['fail', 'replace', 'skip', 'both'] as const).find(
      (one) => one === (typed.text('on-conflict') ?? 'fail'),
    );
    if (onConflict === undefined)
      throw new TypedWrong('--on-conflict is one of fail, replace, skip and both.');
    return async (context) => {
      const placeId = await placeIdOf(context, at);
      const toId = await placeIdOf(context, to);
      const isMove = typed.has('move');
      const operation = await followCall(context, () =>
        context.client.call('files.copy', {
          ...{ placeId, path: folder, names, toId, toPath: to.path, onConflict, isMove },
        }),
      );
      return { json: operation, lines: [isMove ? 'Moved.' : 'Copied.'] };
    };
  },
};

const mode: PlaneCommand = {
  name: 'file mode',
  words: '<mode> <place>:<path>…',
  wordCount: { min: 2, max: 64 },
  summary: 'Changes permissions of files and folders, as 644 or 0755.',
  details: [where],
  flags: { recursive: { short: 'R', help: 'Of all that is within, too; folders get x where they get r.' } },
  read: (typed) => {
    const [modeWord = '', ...words] = typed.words;
    const bits = parseMode(modeWord);
    const { at, folder, names } = inOneFolder(words.map(parsePlacePath));
    return async (context) => {
      const placeId = await placeIdOf(context, at);
      const isRecursive = typed.has('recursive');
      const operation = await followCall(context, () =>
        context.client.call('files.setPermissions', {
          placeId,
          path: folder,
          names,
          mode: bits,
          isRecursive,
        }),
      );
      return { json: operation, lines: ['Changed.'] };
    };
  },
};

const makeFolder: PlaneCommand = {
  name: 'file mkdir',
  words: '<place>:<path>',
  wordCount: { min: 1, max: 1 },
  summary: 'Makes a folder, and those above it that are missing.',
  details: [where],
  flags: {},
  read: (typed) => {
    const at = parsePlacePath(typed.words[0] ?? '');
    return async (context) => {
      const placeId = await placeIdOf(context, at);
      const entry = await context.client.call('files.makeFolder', { placeId, path: at.path });
      return { json: entry, lines: [`Made ${at.path}`] };
    };
  },
};

export const fileCommands: readonly PlaneCommand[] = [list, get, put, copy, remove, mode, makeFolder];
