/**
 * Where the data is, and that it is for its user alone. A folder that holds somebody's other things is never shut behind
 * their back: it is refused. Owns the mark of a folder that `berth serve` has run on, by which commands know it again.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, win32 } from 'node:path';
import type { Findings } from './config-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** XDG on Linux, the usual places elsewhere. */
export function defaultDataFolder(env: Environment, platform: string = process.platform): string {
  const home = homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Berth');
  // Not the roaming folder: a database and the addresses of this computer's servers are not for copying at each sign-in.
  if (platform === 'win32') {
    const local = env.LOCALAPPDATA;
    return win32.join(
      local !== undefined && win32.isAbsolute(local) ? local : win32.join(home, 'AppData', 'Local'),
      'Berth',
    );
  }
  const xdg = env.XDG_DATA_HOME;
  // The specification says that a relative path must be ignored.
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share'), 'berth');
}

/** What the root of a file system of its own has in it. */
const nobodysFiles = new Set(['lost+found', '.snapshot']);
const ownFiles = ['berth.db', 'berth.log', 'served.json', 'window', 'vault.json'];

/** Notes as a finding why the folder cannot be the data folder. Changes nothing. */
export function checkDataFolder(folder: string, place: string, findings: Findings): void {
  const objection = objectionTo(folder);
  if (objection !== undefined) findings.error(`${place}: the data folder ${folder} ${objection}`);
  else if (isOpenToOthers(folder))
    findings.warn(
      `${place}: others could read the data folder ${folder} until now. It is shut again; who may have looked knows what was in it.`,
    );
}

function objectionTo(folder: string): string | undefined {
  try {
    const facts = lstatSync(folder, { throwIfNoEntry: false });
    if (facts === undefined) return undefined;
    if (!facts.isDirectory()) return 'is not a folder. Choose another.';
    if (process.getuid !== undefined && facts.uid !== process.getuid())
      return 'belongs to another user, who could read and replace what is in it. Choose another, or make it yours.';
    const isOurs = namesIn(folder).some((name) => ownFiles.includes(name));
    return isOpenToOthers(folder) && !isOurs
      ? 'can be read by others and holds other things. Choose one of Berth’s own, or shut it: chmod 700 FOLDER'
      : undefined;
  } catch (error) {
    return `cannot be looked at (${codeOf(error)}). Choose another.`;
  }
}

/** It is there, there is something in it, and others may look. */
function isOpenToOthers(folder: string): boolean {
  const facts = lstatSync(folder, { throwIfNoEntry: false });
  const isShut = facts === undefined || process.getuid === undefined || (facts.mode & 0o077) === 0;
  return !isShut && namesIn(folder).length > 0;
}

function namesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !nobodysFiles.has(name));
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}

/** Makes the folder, and shuts it for others. */
export function makeDataFolder(folder: string, place: string, findings: Findings): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    if (process.getuid !== undefined && (lstatSync(folder).mode & 0o077) !== 0)
      findings.error(
        `${place}: the file system of ${folder} does not keep others out. Choose another data folder.`,
      );
  } catch (error) {
    findings.error(
      `${place}: the data folder ${folder} cannot be made or shut for others (${codeOf(error)}). Choose another.`,
    );
  }
}

export type Database = 'sqlite' | 'postgresql';
const markName = 'served.json';

/** Whether `berth serve` has run on the folder, and where its records then were. */
export function servedBefore(folder: string): { readonly database: Database } | undefined {
  const path = join(folder, markName);
  if (!existsSync(path)) return undefined;
  try {
    const { database } = JSON.parse(readFileSync(path, 'utf8')) as { database?: unknown };
    return { database: database === 'postgresql' ? 'postgresql' : 'sqlite' };
  } catch {
    return { database: 'sqlite' };
  }
}

/** Says that `berth serve` runs on the folder. */
export function markServed(folder: string, database: Database): void {
  writeFileSync(join(folder, markName), `${JSON.stringify({ database })}\n`, { mode: 0o600 });
}
