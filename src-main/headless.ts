#!/usr/bin/env node
/**
 * The command line: `berth serve` runs the control plane without a window and shows it in a browser; `berth link` prints
 * a new one-time link of a running one; `berth snapshot` and `berth workspace` work at the running one, or at one of their
 * own. Owns exit codes and what is printed; 0 done, 1 failed, 2 typed wrong. The plane is loaded only where one is
 * started: a command at a running one is there at once.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { commandNouns, commandUsage, helpFor, runCommandLine } from './cli/command-line.ts';
import { CommandFailure } from './cli/failure.ts';
import { createInterrupts, type Interrupts } from './cli/interrupts.ts';
import { openPlane, type OwnPlane } from './cli/plane-access.ts';
import { type Config, ConfigError, dataFolderIn, readConfig } from './config.ts';
import { type DataCommand, dataCommands, dataUsage, runDataCommand } from './data-commands.ts';
import { openInBrowser } from './open-in-browser.ts';
import { requestLink, serveLocalSocket } from './server/local-socket.ts';
import { type RunningServer, startHttpServer } from './server/start-http-server.ts';

const usage = `Usage:
  berth serve [--data-dir FOLDER] [--port N] [--host ADDRESS] [--public-origin https://NAME]
              [--add-host FILE] [--open]
      Runs Berth for a browser and prints a link that signs one in, once.
  berth link [--data-dir FOLDER]
      Prints a new link of the Berth that runs on this data folder.
${dataUsage}${commandUsage}  berth help [COMMAND]
`;

async function main(): Promise<number> {
  const [command, ...argv] = process.argv.slice(2);
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
  if (isDataCommand(command)) return data(command, argv);
  if (command !== 'serve' && command !== 'link') {
    process.stderr.write(`There is no command "${command}".\n${usage}`);
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
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupts.raise());
  endWithReader(interrupts);
  return runCommandLine({
    argv: process.argv.slice(2),
    streams: { input: process.stdin, output: process.stdout, error: process.stderr },
    interrupts,
    openPlane: (typedFolder) => {
      const dataFolder = dataFolderIn(typedFolder, process.env);
      if (!existsSync(dataFolder))
        throw new CommandFailure(
          `There is no data of a Berth at ${dataFolder}. Start Berth once, or name its folder: --data-dir FOLDER`,
        );
      const config = readConfig({ mode: 'served', argv: ['--data-dir', dataFolder], env: process.env });
      return openPlane({ dataFolder, startPlane: () => startOwnPlane(config) });
    },
  });
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

function isDataCommand(command: string): command is DataCommand {
  return (dataCommands as readonly string[]).includes(command);
}

/** The folder may be given as for other commands; everything else of the configuration comes from the environment. */
function data(command: DataCommand, argv: readonly string[]): Promise<number> {
  const options = { 'data-dir': { type: 'string' }, yes: { type: 'boolean', default: false } } as const;
  const typed = () => {
    try {
      return parseArgs({ args: [...argv], options, allowPositionals: true });
    } catch (error) {
      throw new ConfigError(error instanceof Error ? error.message : String(error));
    }
  };
  const { values, positionals } = typed();
  const folder = dataFolderIn(values['data-dir'], process.env);
  const config = readConfig({ mode: 'served', argv: ['--data-dir', folder], env: process.env });
  const { stdin: input, stdout: output, stderr: error } = process;
  const streams = { input, output, error };
  return runDataCommand({ command, words: positionals, isYes: values.yes, config, streams });
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
