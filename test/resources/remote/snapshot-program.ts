/**
 * Runs resources/remote/snapshot-helper.py as a helper container does: the system's own Python, isolated. Owns the folders
 * it makes for a test. Must not know how a snapshot is stored beyond the names of its files.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';
import { endWithThisProcess } from '../../servers/stop-process.ts';

export const programPath = fileURLToPath(
  new URL('../../../resources/remote/snapshot-helper.py', import.meta.url),
);

export interface ProgramEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface ProgramResult {
  readonly exitCode: number | null;
  readonly events: readonly ProgramEvent[];
  /** Standard output after its first line: where that line announces raw bytes. */
  readonly rest: Buffer;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Fields of the first event of that name; throws, with all that was said, when there is none. */
  readonly one: (event: string) => ProgramEvent;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<ProgramResult>;
  /** Resolves with the first event of that name, now or later. */
  readonly said: (event: string) => Promise<ProgramEvent>;
}

/**
 * The program as Python itself compiles it, once for each content: its 4,800 lines take 0.13 s of a processor, which would be
 * most of what hundreds of runs cost.
 */
function compiled(): string {
  const content = createHash('sha256').update(readFileSync(programPath)).digest('hex').slice(0, 16);
  const folder = fileURLToPath(
    new URL(`../../../node_modules/.cache/snapshot-helper/${content}/`, import.meta.url),
  );
  const path = join(folder, `${basename(programPath)}c`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const own = `${path}.${process.pid}`;
  const compile = 'import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], doraise=True)';
  const { status, stderr } = spawnSync('/usr/bin/python3', ['-I', '-c', compile, programPath, own]);
  // Where that Python is not there, the tests themselves say so.
  if (status === null) return programPath;
  if (status !== 0) throw new Error(stderr.toString());
  renameSync(own, path);
  return path;
}

/** The arguments that come before the program's own; `through`: a program that starts it (setpriv, unshare). */
export const pythonArgs = ['/usr/bin/python3', '-I', '-S', '-B', compiled()];

/** Events come before raw bytes, which may be many. */
const MOST_EVENT_BYTES = 8_000_000;

function eventsOf(stdout: Buffer): ProgramEvent[] {
  const events: ProgramEvent[] = [];
  for (const line of stdout.subarray(0, MOST_EVENT_BYTES).toString('latin1').split('\n'))
    if (line.startsWith('{"event":')) events.push(JSON.parse(line) as ProgramEvent);
  return events;
}

export function startProgram(
  args: readonly string[],
  { through = [], input }: { through?: readonly string[]; input?: Buffer | 'open' } = {},
): RunningProgram {
  const [command = '', ...rest] = [...through, ...pythonArgs, ...args];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  endWithThisProcess(child);
  let stdout: Buffer = Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    for (const wake of waiting) wake();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  if (input !== 'open') child.stdin.end(input);
  let hasEnded = false;
  const ended = new Promise<ProgramResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => {
      hasEnded = true;
      stdout = Buffer.concat(chunks);
      for (const wake of waiting) wake();
      const events = eventsOf(stdout);
      resolve({
        exitCode,
        events,
        stdout,
        stderr,
        rest: stdout.subarray(stdout.indexOf(10) + 1),
        one: (name) => {
          const found = events.find(({ event }) => event === name);
          if (!found) throw new Error(`no event ${name}:\n${stdout.toString().slice(-2000)}\n${stderr}`);
          return found;
        },
      });
    });
  });
  const said = (name: string) =>
    new Promise<ProgramEvent>((resolve, reject) => {
      const look = () => {
        const found = eventsOf(Buffer.concat(chunks)).find(({ event }) => event === name);
        if (!found && !hasEnded) return;
        waiting.delete(look);
        if (found) resolve(found);
        else reject(new Error(`ended without ${name}:\n${Buffer.concat(chunks).toString()}\n${stderr}`));
      };
      waiting.add(look);
      look();
    });
  return { child, ended, said };
}

export const runProgram = (
  args: readonly string[],
  options?: { through?: readonly string[]; input?: Buffer },
): Promise<ProgramResult> => startProgram(args, options).ended;

/** A snapshot's id from a short word. */
export const idOf = (word: string) => `snap_${word.padEnd(20, '0')}`;

/** Folders for one test file; `remove` at its end. */
export function makeScratch(): {
  readonly root: string;
  readonly folder: (name: string) => string;
  readonly remove: () => void;
} {
  const root = mkdtempSync(join(tmpdir(), 'berth-snapshots-'));
  let count = 0;
  return {
    root,
    folder: (name) => {
      count += 1;
      return mkdtempSync(join(root, `${name}-${count}-`));
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export interface Entry {
  readonly kind: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: string;
  readonly sha256: string;
  readonly xattrs: string;
  readonly path: string;
  readonly link: string;
}

export function parseEntries(text: string): Entry[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const fields = line.split('\t');
      if (fields.length !== 10) throw new Error(`not an entry: ${line}`);
      const [
        kind = '',
        mode = '',
        uid,
        gid,
        size,
        mtime = '',
        sha256 = '',
        xattrs = '',
        path = '',
        link = '',
      ] = fields;
      return {
        kind,
        mode,
        uid: Number(uid),
        gid: Number(gid),
        size: Number(size),
        mtime,
        sha256,
        xattrs,
        path,
        link,
      };
    });
}

/** What a published snapshot lists. */
export function storedEntries(store: string, id: string): Entry[] {
  return parseEntries(zstdDecompressSync(readFileSync(join(store, id, 'entries.zst'))).toString());
}
