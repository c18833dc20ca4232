#!/usr/bin/env node
/**
 * The command line: `berth serve` runs the control plane without a window and shows it in a browser; `berth link` prints
 * a new one-time link of a running one. Owns exit codes and what is printed; 0 done, 1 failed, 2 typed wrong.
 */
import { compose } from './compose.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { openInBrowser } from './open-in-browser.ts';
import { requestLink } from './server/local-socket.ts';
import { type RunningServer, startHttpServer } from './server/start-http-server.ts';

const usage = `Usage:
  berth serve [--data-dir FOLDER] [--port N] [--host ADDRESS] [--public-origin https://NAME]
              [--add-host FILE] [--open]
      Runs Berth for a browser and prints a link that signs one in, once.
  berth link [--data-dir FOLDER]
      Prints a new link of the Berth that runs on this data folder.
`;

async function main(): Promise<number> {
  const [command, ...argv] = process.argv.slice(2);
  if (command === undefined || command === 'help' || command === '--help' || argv.includes('--help')) {
    process.stdout.write(usage);
    return command === undefined ? 2 : 0;
  }
  if (command === '--version') {
    process.stdout.write(`${readConfig({ mode: 'served', argv: [], env: process.env }).version}\n`);
    return 0;
  }
  if (command !== 'serve' && command !== 'link') {
    process.stderr.write(`There is no command "${command}".\n${usage}`);
    return 2;
  }
  const config = readConfig({ mode: 'served', argv, env: process.env });
  return command === 'serve' ? serve(config) : link(config);
}

async function link(config: Config): Promise<number> {
  const text = await requestLink(config.dataFolder);
  if (text === undefined) {
    process.stderr.write(`No Berth is running on ${config.dataFolder}. Start it with: berth serve\n`);
    return 1;
  }
  process.stdout.write(`${text}\n`);
  return 0;
}

async function serve(config: Config): Promise<number> {
  if ((await requestLink(config.dataFolder)) !== undefined) {
    process.stderr.write(`Berth already runs on ${config.dataFolder}. For a new sign-in link: berth link\n`);
    return 1;
  }
  const ended = untilSignal();
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
