/**
 * `berth backup`, `berth restore` and `berth migrate`: what is done to the data itself, not asked of a plane. A backup comes
 * from the Berth that runs, or from the database where none does; the two others need it alone. Owns what they print.
 */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { backUp, openBackup, restore, writeNewFile } from './adapters/database/data-copies.ts';
import { type OpenedStore, openStore } from './adapters/database/open-store.ts';
import { createSystemClock } from './adapters/system/clock.ts';
import type { Config } from './config.ts';
import type { Log } from './control-plane/interfaces/log.ts';
import { requestBackup } from './server/local-socket.ts';

export const dataCommands = ['backup', 'restore', 'migrate'] as const;
export type DataCommand = (typeof dataCommands)[number];

export const dataUsage = `  berth backup FILE
      Writes everything that Berth knows into a new file: accounts, projects, hosts, snapshots' records, sealed secrets.
      Not the files in workspaces. Keep it as safe as the data folder itself.
  berth restore FILE [--yes]
      Replaces the data by a backup, in SQLite or PostgreSQL alike; what was there is backed up first. No Berth may run.
  berth migrate
      Brings the database to this version's form, as every start does.
`;

export interface DataStreams {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
  readonly error: NodeJS.WritableStream;
}

export interface DataCommandOptions {
  readonly command: DataCommand;
  /** Words behind the command, without flags of the configuration. */
  readonly words: readonly string[];
  readonly isYes: boolean;
  readonly config: Pick<Config, 'dataFolder' | 'version' | 'served'>;
  readonly streams: DataStreams;
}

/** @returns the exit code: 0 done, 1 not done, 2 typed wrong. Throws BerthErrors. */
export async function runDataCommand(options: DataCommandOptions): Promise<number> {
  const { command, words, streams } = options;
  const wanted = command === 'migrate' ? 0 : 1;
  const [file] = words;
  if (words.length !== wanted) {
    streams.error.write(`It is typed like this:\n${dataUsage}`);
    return 2;
  }
  if (file === undefined) return migrate(options);
  return command === 'backup' ? takeBackup(options, resolve(file)) : putBack(options, resolve(file));
}

async function takeBackup({ config, streams }: DataCommandOptions, file: string): Promise<number> {
  const running = await requestBackup(config.dataFolder);
  if (running === undefined)
    await withStore(config, async ({ store }) => {
      const { dataFolder: folder, version } = config;
      await writeNewFile(file, await backUp({ store, folder, version, clock: createSystemClock() }));
    });
  else await writeNewFile(file, running);
  // Read again: a backup that cannot be read is none.
  const { dump } = await openBackup(file);
  streams.output.write(`Backed up ${dump.records.length} records to ${file}\n`);
  return 0;
}

async function putBack(options: DataCommandOptions, file: string): Promise<number> {
  const { config, streams, isYes } = options;
  const backup = await openBackup(file);
  const taken = `the backup of ${backup.createdAt} (${backup.dump.records.length} records, Berth ${backup.version})`;
  if (!isYes && !(await confirmed(`Replace the data of ${config.dataFolder} by ${taken}?`, streams))) {
    streams.error.write('Nothing was changed.\n');
    return 1;
  }
  await withStore(config, async ({ store }) => {
    const { dataFolder: folder, version } = config;
    const before = await restore(backup, { store, folder, version, clock: createSystemClock() });
    streams.output.write(`Restored ${taken}.\nWhat was there before is in ${before}\n`);
  });
  return 0;
}

async function migrate({ config, streams }: DataCommandOptions): Promise<number> {
  return withStore(config, async ({ store, recovery }) => {
    if (recovery !== undefined) streams.error.write(`${recovery.notice}\n`);
    if (store.isReadOnly) {
      streams.error.write('The data is from a newer Berth. Install that one; nothing was changed.\n');
      return 1;
    }
    await store.ping();
    const kind = config.served.databaseUrl === null ? 'SQLite' : 'PostgreSQL';
    streams.output.write(`The ${kind} database is in the form of Berth ${config.version}.\n`);
    return 0;
  });
}

async function withStore<T>(
  { dataFolder: folder, served }: DataCommandOptions['config'],
  work: (opened: OpenedStore) => Promise<T>,
): Promise<T> {
  const clock = createSystemClock();
  const opened = await openStore({ folder, databaseUrl: served.databaseUrl, clock, log: silent });
  try {
    return await work(opened);
  } finally {
    await opened.store.close();
  }
}

/** What matters of these short works is printed. */
const silent: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
};

/** Asks on a terminal; in a script nobody can answer. */
async function confirmed(question: string, { input, output, error }: DataStreams): Promise<boolean> {
  if (input.isTTY !== true) {
    error.write('Say --yes to replace the data where nobody can be asked.\n');
    return false;
  }
  const lines = createInterface({ input, output });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
