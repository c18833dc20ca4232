/**
 * A real PostgreSQL server on a free loopback port, with a cluster of its own in a folder of its own. Can be stopped,
 * killed and started again on the same data. Runs as the user `postgres` where the tests run as root: it refuses root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ensureRequirements, postgresProgram } from './requirements.ts';
import { runChecked } from './run-process.ts';
import { endWithThisProcess, stopProcess, withParent } from './stop-process.ts';
import { waitUntil } from './wait-until.ts';

export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** A new, empty database of its own user; its address, password and all. */
  createDatabase(): Promise<string>;
  /** As the superuser, in the database of `url`'s name. */
  query(url: string, text: string): Promise<Record<string, unknown>[]>;
  /** SIGINT: every session ends at once ("fast shutdown"). */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const superuser = { user: 'postgres', password: 'the test superuser' };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** uid and gid of the user that the package made; undefined where the tests are no root. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string) => Number(await runChecked(['id', flag, 'postgres']));
  return { uid: await id('-u'), gid: await id('-g') };
}

export async function startPostgres(): Promise<PostgresServer> {
  await ensureRequirements(['postgresql']);
  const [initdb, postgres] = await Promise.all([postgresProgram('initdb'), postgresProgram('postgres')]);
  if (initdb === undefined || postgres === undefined) throw new Error('PostgreSQL is not there');
  const user = await serverUser();
  const folder = await mkdtemp(join(tmpdir(), 'berth-postgres-'));
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
  const as = (argv: readonly string[]): string[] =>
    user === undefined
      ? [...argv]
      : ['setpriv', '--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', ...argv];
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  await runChecked(
    as(['sh', '-c', 'umask 077; printf %s "$1" >"$2"', 'sh', superuser.password, passwordFile]),
  );
  await runChecked(
    as([
      initdb,
      '-D',
      data,
      '-U',
      superuser.user,
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-N',
      '-E',
      'UTF8',
      '--locale',
      'C.UTF-8',
    ]),
    { timeoutMs: 60_000 },
  );
  const port = await freePort();
  let child: ChildProcess | undefined;

  const urlOf = (database: string, { user: name, password } = superuser) =>
    `postgres://${encodeURIComponent(name)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  async function queryAt(url: string, text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }
  async function start(): Promise<void> {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) return;
    const settings = ['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`];
    const flags = [...settings, 'fsync=off', 'max_connections=40'].flatMap((setting) => ['-c', setting]);
    const log = join(folder, 'log');
    child = spawn(
      ...withParent(as(['sh', '-c', 'exec "$@" >>"$0" 2>&1', log, postgres as string, '-D', data, ...flags])),
      { stdio: 'ignore', cwd: folder },
    );
    endWithThisProcess(child);
    await waitUntil(() => queryAt(urlOf('postgres'), 'SELECT 1'), {
      what: 'PostgreSQL answers',
    }).catch(async (cause: unknown) => {
      throw new Error(`PostgreSQL did not start:\n${await readFile(log, 'utf8').catch(() => '')}`, { cause });
    });
  }
  async function stop(): Promise<void> {
    const running = child;
    if (running === undefined || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGINT');
    await gone;
  }
  await start();
  let made = 0;

  return {
    port,
    async createDatabase() {
      made += 1;
      const name = `berth_${made}`;
      const password = `p@ss/${made}:word`;
      await queryAt(urlOf('postgres'), `CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
      await queryAt(urlOf('postgres'), `CREATE DATABASE ${name} OWNER ${name}`);
      return urlOf(name, { user: name, password });
    },
    query: (url, text) => queryAt(urlOf(new URL(url).pathname.slice(1)), text),
    stop,
    start,
    async [Symbol.asyncDispose]() {
      if (child !== undefined) await stopProcess(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
