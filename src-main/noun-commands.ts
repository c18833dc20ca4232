/**
 * The commands of the table (cli/): from the words of this process to the plane that they are asked of, which is the one
 * that runs on the data folder, a served one over the network, or one of their own for as long as they take.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createClient } from '#renderer/transport/client.ts';
import { type PlaneChoice, runCommandLine, runCompletion } from './cli/command-line.ts';
import type { Place } from './cli/command.ts';
import { candidatesOf } from './cli/completion.ts';
import { CommandFailure, TypedWrong } from './cli/failure.ts';
import { createInterrupts, type Interrupts } from './cli/interrupts.ts';
import { openPlane, type OwnPlane, type PlaneAccess } from './cli/plane-access.ts';
import { type Config, findDataFolder } from './config.ts';
import { dialServed, parseServer } from './server/dial-served.ts';
import { connectLocalSocket, serveLocalSocket } from './server/local-socket.ts';

/** @returns the exit code. `readConfig`: of these flags and the environment. */
export async function runNoun(readConfig: (argv: readonly string[]) => Config): Promise<number> {
  const interrupts = createInterrupts(() => process.exit(130));
  for (const name of ['INT', 'TERM', 'HUP'] as const) process.on(`SIG${name}`, () => interrupts.raise(name));
  endWithReader(interrupts);
  return runCommandLine({
    argv: process.argv.slice(2),
    streams: {
      input: process.stdin,
      output: process.stdout,
      error: process.stderr,
      term: process.env.TERM,
    },
    interrupts,
    placeOf,
    openPlane: (choice) => {
      // Asked first, since reading the configuration makes the folder.
      const { dataFolder, server } = placeOf(choice);
      if (server !== undefined) return openServed(server, choice);
      if (!existsSync(dataFolder) && !choice.isBeginning)
        throw new CommandFailure(
          `There is no data of a Berth at ${dataFolder}. Start Berth once, or name its folder: --data-dir FOLDER`,
        );
      const config = readConfig(flagsFor(choice.dataFolder));
      return openPlane({ dataFolder, startPlane: () => startOwnPlane(config) });
    },
  });
}

function flagsFor(dataFolder: string | undefined): readonly string[] {
  return dataFolder === undefined ? [] : ['--data-dir', dataFolder];
}

function folderFor(dataFolder: string | undefined): string {
  return findDataFolder({ argv: flagsFor(dataFolder), env: process.env, workingFolder: process.cwd() });
}

function placeOf({ dataFolder, server }: PlaneChoice): Place {
  const typedServer = server ?? (dataFolder === undefined ? process.env.BERTH_SERVER : undefined);
  return {
    dataFolder: folderFor(dataFolder),
    server: typedServer === undefined || typedServer === '' ? undefined : originOf(typedServer),
  };
}

function originOf(typed: string): string {
  try {
    return parseServer(typed).origin;
  } catch (error) {
    throw new TypedWrong(error instanceof Error ? error.message : String(error));
  }
}

async function openServed(server: string, choice: PlaneChoice): Promise<PlaneAccess> {
  const client = createClient(await dialServed(new URL(server), await keyOf(server, choice)));
  return { client, isOwnPlane: false, isRemote: true, close: async () => client.close() };
}

async function keyOf(server: string, { token, tokenFile }: PlaneChoice): Promise<string> {
  const { BERTH_TOKEN, BERTH_TOKEN_FILE } = process.env;
  const path = tokenFile ?? (token === undefined && !BERTH_TOKEN ? BERTH_TOKEN_FILE : undefined);
  const read = async (from: string) =>
    await readFile(from, 'utf8').catch((error: Error) => {
      throw new CommandFailure(`The file with the API key cannot be read: ${error.message}`);
    });
  const key = (path === undefined ? (token ?? BERTH_TOKEN ?? '') : await read(path)).trim();
  if (key === '')
    throw new CommandFailure(
      `An API key is needed for ${server}. Make one there (berth token create), then put it into a file and say --token-file FILE, or into $BERTH_TOKEN.`,
    );
  if (!/^[\x21-\x7e]+$/.test(key)) throw new CommandFailure('This is no API key: it has odd characters.');
  return key;
}

/** Milliseconds. Whoever waits for a list of names longer goes on typing. */
const completionTimeoutMs = 1_500;

/** Asks only what runs already: a key that is pressed must start nothing. */
export async function complete(words: readonly string[]): Promise<number> {
  const late = setTimeout(() => process.exit(0), completionTimeoutMs);
  await runCompletion(words, { output: process.stdout }, async (kind, workspace) => {
    const flag = words.indexOf('--data-dir');
    const folder = folderFor(flag === -1 ? undefined : words[flag + 1]);
    const connection = await connectLocalSocket(folder);
    if (connection === undefined) return [];
    const client = createClient(connection);
    try {
      return await candidatesOf(client)(kind, workspace);
    } finally {
      client.close();
    }
  });
  clearTimeout(late);
  return 0;
}

/** When the other end of a pipe is gone there is nobody to work for. */
function endWithReader(interrupts: Interrupts): void {
  process.stdout.once('error', () => interrupts.raise());
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}

/** A whole plane in this process, reachable for other commands meanwhile, but for no browser. */
async function startOwnPlane(config: Config): Promise<OwnPlane> {
  const { compose } = await import('./compose.ts');
  const plane = await compose(config);
  const socket = await serveLocalSocket({
    dataFolder: config.dataFolder,
    mode: 'served',
    serve: (connection, caller) => plane.serve(connection, caller),
    backUp: () => plane.backUp(),
  }).catch(async (error: unknown) => {
    await plane.close();
    throw error;
  });
  return {
    idle: () => socket.idle(),
    close: async () => {
      await socket.close();
      await plane.close();
    },
  };
}
