#!/usr/bin/env node
/**
 * The command line: `berth serve` runs the control plane without a window and shows it in a browser; `berth link` prints
 * a new one-time link of a running one; all other commands work at the running one, at a served one over the network, or
 * at one of their own. Owns exit codes and what is printed (`berth help exit-codes`). The plane is loaded only where one
 * is started: a command at a running one is there at once.
 */
import { parseArgs } from 'node:util';
import { commandNouns, commandUsage, helpFor, suggestionFor } from './cli/command-line.ts';
import {
  type Config,
  ConfigError,
  type ConfigSource,
  describeConfig,
  forgetSettings,
  markServed,
  readConfig,
  serveUsage,
} from './config.ts';
import { type DataCommand, dataCommands, dataUsage, runDataCommand } from './data-commands.ts';
import { checkHealth } from './health-check.ts';
import { complete, runNoun } from './noun-commands.ts';
import { openInBrowser } from './open-in-browser.ts';
import { requestLink } from './server/local-socket.ts';
import { type RunningServer, startHttpServer } from './server/start-http-server.ts';

const usage = `Usage:
  berth serve [--data-dir FOLDER] [--port N] [--host ADDRESS] [--public-url URL] [--tls-cert FILE --tls-key FILE]
              [--env-file FILE] [--check-config] [--open] …
      Runs Berth for a browser and prints a link that signs one in, once. All settings: berth help serve
  berth link [--data-dir FOLDER]
      Prints a new link of the Berth that runs on this data folder.
  berth health [--port N] …
      Asks the Berth that berth serve runs with the same settings whether it is well: 0 it is, 1 it is not.
${dataUsage}${commandUsage}  berth help [COMMAND | exit-codes]
`;

/** Milliseconds in which what is under way is written down and closed; Docker waits 10 s before it kills, systemd 90. */
const longestEndMs = 8_000;
/** Those that are not in the table of commands. */
const ownCommands = ['serve', 'link', 'health', 'help'];

async function main(): Promise<number> {
  const [command, ...argv] = process.argv.slice(2);
  if (command === '__complete') return complete(argv);
  if (command !== undefined && commandNouns.includes(command))
    return runNoun((flags) => readOwnConfig('command', flags));
  if (command === 'help' && argv.length > 0) return help(argv);
  if (command !== undefined && ownCommands.includes(command) && argv.includes('--help'))
    return help([command]);
  if (command === undefined || command === 'help' || command === '--help') {
    process.stdout.write(usage);
    return command === undefined ? 2 : 0;
  }
  if (command === '--version') {
    process.stdout.write(`${readOwnConfig('command', []).version}\n`);
    return 0;
  }
  if (isDataCommand(command)) return data(command, argv);
  if (command === 'serve') return serve(readOwnConfig('serve', argv));
  if (command === 'link') return link(readOwnConfig('command', argv));
  if (command === 'health') return health(argv);
  const suggestion = suggestionFor(command, [...ownCommands, ...dataCommands]);
  process.stderr.write(`There is no command ${JSON.stringify(command)}.${suggestion}\n${usage}`);
  return 2;
}

/** @throws ConfigError */
function readOwnConfig(purpose: NonNullable<ConfigSource['purpose']>, argv: readonly string[]): Config {
  const config = readConfig({
    mode: 'served',
    purpose,
    argv,
    env: process.env,
    workingFolder: process.cwd(),
  });
  forgetSettings(config, process.env);
  return config;
}

function help(words: readonly string[]): number {
  const own =
    words[0] === 'serve' ? serveUsage : words[0] === 'link' || words[0] === 'health' ? usage : undefined;
  const text = helpFor(words) ?? own;
  if (text !== undefined) process.stdout.write(text);
  else process.stderr.write(`There is no command ${JSON.stringify(words.join(' '))}.\n${usage}`);
  return text === undefined ? 2 : 0;
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
  const folder = values['data-dir'];
  const config = readOwnConfig('data', folder === undefined ? [] : ['--data-dir', folder]);
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

/** 1 also for settings that are wrong: a container's health check knows no 2. */
async function health(argv: readonly string[]): Promise<number> {
  try {
    const config = readOwnConfig('health', argv);
    const { isWell, text } = await checkHealth({ ...config, isTls: config.served.tls !== null });
    (isWell ? process.stdout : process.stderr).write(`${text}\n`);
    return isWell ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function serve(config: Config): Promise<number> {
  for (const warning of config.warnings) process.stderr.write(`Note: ${warning}\n`);
  if (config.isCheckOnly) {
    process.stdout.write(describeConfig(config));
    return 0;
  }
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
  try {
    markServed(config.dataFolder, config.served.databaseUrl === null ? 'sqlite' : 'postgresql');
    for (const warning of config.warnings) plane.log.warn('A setting deserves a look', { warning });
    const signInLink = server.createSignInLink();
    process.stdout.write(`Berth is at ${server.origin}\nSign in once, within ten minutes: ${signInLink}\n`);
    if (config.isBrowserOpened && !openInBrowser(signInLink, config.dataFolder))
      process.stdout.write('No display here: open the link in a browser yourself.\n');
    await ended;
  } finally {
    endByForceAfter(longestEndMs);
    await server.close();
    await plane.close();
  }
  return 0;
}

/** Whatever hangs, as a host that does not answer: a service manager must not have to kill. What is on the disk is whole at any time. */
function endByForceAfter(timeMs: number): void {
  setTimeout(() => {
    process.stderr.write(`Not everything could be closed within ${timeMs / 1000} s; ending all the same.\n`);
    process.exit(1);
  }, timeMs).unref();
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
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `This computer has no address ${host}. Choose one of its own as HOST: 127.0.0.1, or 0.0.0.0 for all.`;
  if (code === 'EACCES') return `Port ${port} needs more rights than this user has. Choose one above 1023.`;
  return `Berth cannot listen on ${host}:${port}: ${message}`;
}

main().then(
  // Not exit(): what is still being printed through a pipe would be cut.
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (error instanceof ConfigError)
      for (const warning of error.warnings) process.stderr.write(`Note: ${warning}\n`);
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigError ? 2 : 1;
  },
);
