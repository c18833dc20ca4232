#!/usr/bin/env node
/**
 * The command line: `berth serve` runs the control plane without a window and shows it in a browser; `berth link` prints
 * a new one-time link of a running one; all other commands work at the running one, at a served one over the network, or
 * at one of their own. Owns exit codes and what is printed (`berth help exit-codes`). The plane is loaded only where one
 * is started: a command at a running one is there at once.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createClient } from '#renderer/transport/client.ts';
import {
  commandNouns,
  commandUsage,
  helpFor,
  type PlaneChoice,
  runCommandLine,
  runCompletion,
  suggestionFor,
} from './cli/command-line.ts';
import type { Place } from './cli/command.ts';
import { candidatesOf } from './cli/completion.ts';
import { CommandFailure, TypedWrong } from './cli/failure.ts';
import { createInterrupts, type Interrupts } from './cli/interrupts.ts';
import { openPlane, type OwnPlane, type PlaneAccess } from './cli/plane-access.ts';
import { type Config, ConfigError, dataFolderIn, readConfig } from './config.ts';
import { openInBrowser } from './open-in-browser.ts';
import { dialServed, parseServer } from './server/dial-served.ts';
import { connectLocalSocket, requestLink, serveLocalSocket } from './server/local-socket.ts';
import { type RunningServer, startHttpServer } from './server/start-http-server.ts';

const usage = `Usage:
  berth serve [--data-dir FOLDER] [--port N] [--host ADDRESS] [--public-origin https://NAME]
              [--add-host FILE] [--open]
      Runs Berth for a browser and prints a link that signs one in, once.
  berth link [--data-dir FOLDER]
      Prints a new link of the Berth that runs on this data folder.
${commandUsage}  berth help [COMMAND | exit-codes]
`;

/** Those that are not in the table of commands. */
const ownCommands = ['serve', 'link', 'help'];

async function main(): Promise<number> {
  const [command, ...argv] = process.argv.slice(2);
  if (command === '__complete') return complete(argv);
  if (command !== undefined && commandNouns.includes(command)) return runNoun();
  if (command === 'help' && argv.length > 0) return help(argv);
  if (command === undefined || command === 'help' || command === '--help' || argv.includes('--help')) {
    process.stdout.write(usage);
    return command === undefined ? 2 : 0;
  }
  if (command === '--version') {
    process.stdout.write(`${readConfig({ mode: 'served', argv: [], env: process.env }).version}\n`);
    return 0;
  }
  if (command !== 'serve' && command !== 'link') {
    const suggestion = suggestionFor(command, ownCommands);
    process.stderr.write(`There is no command ${JSON.stringify(command)}.${suggestion}\n${usage}`);
    return 2;
  }
  const config = readConfig({ mode: 'served', argv, env: process.env });
  return command === 'serve' ? serve(config) : link(config);
}

function help(words: readonly string[]): number {
  const text = helpFor(words);
  if (text !== undefined) process.stdout.write(text);
  else if (words[0] === 'serve' || words[0] === 'link') process.stdout.write(usage);
  else process.stderr.write(`There is no command ${JSON.stringify(words.join(' '))}.\n${usage}`);
  return text === undefined && words[0] !== 'serve' && words[0] !== 'link' ? 2 : 0;
}

async function runNoun(): Promise<number> {
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
      const { dataFolder, server } = placeOf(choice);
      if (server !== undefined) return openServed(server, choice);
      if (!existsSync(dataFolder) && !choice.isBeginning)
        throw new CommandFailure(
          `There is no data of a Berth at ${dataFolder}. Start Berth once, or name its folder: --data-dir FOLDER`,
        );
      const config = readConfig({ mode: 'served', argv: ['--data-dir', dataFolder], env: process.env });
      return openPlane({ dataFolder, startPlane: () => startOwnPlane(config) });
    },
  });
}

function placeOf({ dataFolder, server }: PlaneChoice): Place {
  const typedServer = server ?? (dataFolder === undefined ? process.env.BERTH_SERVER : undefined);
  return {
    dataFolder: dataFolderIn(dataFolder, process.env),
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
async function complete(words: readonly string[]): Promise<number> {
  const late = setTimeout(() => process.exit(0), completionTimeoutMs);
  await runCompletion(words, { output: process.stdout }, async (kind, workspace) => {
    const flag = words.indexOf('--data-dir');
    const folder = dataFolderIn(flag === -1 ? undefined : words[flag + 1], process.env);
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

async function link(config: Config): Promise<number> {
  const text = await requestLink(config.dataFolder);
  if (text === undefined) {
    process.stderr.write(`No Berth is running on ${config.dataFolder}. Start it with: berth serve\n`);
    return 1;
  }
  if (text === null) {
    process.stderr.write(
      `The Berth that runs on ${config.dataFolder} shows no page to a browser: it is the desktop app, or a command at work. Close it, then: berth serve\n`,
    );
    return 1;
  }
  process.stdout.write(`${text}\n`);
  return 0;
}

async function serve(config: Config): Promise<number> {
  const running = await requestLink(config.dataFolder);
  if (running !== undefined) {
    const remedy =
      running === null
        ? 'It is the desktop app, or a command at work: close it first'
        : 'For a new sign-in link: berth link';
    process.stderr.write(`Berth already runs on ${config.dataFolder}. ${remedy}\n`);
    return 1;
  }
  const ended = untilSignal();
  const { compose } = await import('./compose.ts');
  const plane = await compose(config);
  let server: RunningServer;
  try {
    server = await startHttpServer(plane, config);
  } catch (error) {
    await plane.close();
    process.stderr.write(`${listenFailure(error, config)}\n`);
    return 1;
  }
  const signInLink = server.createSignInLink();
  process.stdout.write(`Berth is at ${server.origin}\nSign in once, within ten minutes: ${signInLink}\n`);
  if (config.isBrowserOpened && !openInBrowser(signInLink, config.dataFolder))
    process.stdout.write('No display here: open the link in a browser yourself.\n');
  await ended;
  await server.close();
  await plane.close();
  return 0;
}

/** Resolves at the first signal. A second one ends the process at once, as people expect of Ctrl+C twice. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    const onSignal = () => {
      if (isAsked) process.exit(130);
      isAsked = true;
      resolve();
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  });
}

function listenFailure(error: unknown, { host, port }: Config): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${host} is taken. Choose another: --port 0 takes a free one.`;
  if (code === 'EACCES') return `Port ${port} needs more rights than this user has. Choose one above 1023.`;
  return `Berth cannot listen on ${host}:${port}: ${message}`;
}

main().then(
  // Not exit(): what is still being printed through a pipe would be cut.
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigError ? 2 : 1;
  },
);
