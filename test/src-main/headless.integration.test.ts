/** `berth serve` as a process: what it prints, how it refuses, what its children inherit, and how it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { projectRoot } from '#main/build-if-stale.ts';
import { connectLocalSocket } from '#main/server/local-socket.ts';
import { createClient } from '#renderer/transport/client.ts';
import { goodKey } from '#test/harness/read-served.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';
import { type ProcessResult, runChecked, runProcess } from '#test/servers/run-process.ts';
import { endWithThisProcess } from '#test/servers/stop-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const program = [
  process.execPath,
  '--disable-warning=DEP0169',
  join(projectRoot, 'src-main/headless.ts'),
] as const;
let folder: string;
let dataFolder: string;
let ends: (() => Promise<unknown>)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-headless-'));
  dataFolder = join(folder, 'data');
  ends = [];
});
afterEach(async () => {
  for (const end of ends) await end();
  rmSync(folder, { recursive: true, force: true });
});

/** No session bus, no display, and nothing of Berth's from outside. */
const environment = (extra: Readonly<Record<string, string>>) => ({
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
  HOME: folder,
  ...extra,
});

const berth = (env: Readonly<Record<string, string>>, ...args: string[]): Promise<ProcessResult> =>
  runProcess([...program, ...args], { env: environment(env), cwd: folder });

interface Running {
  readonly link: string;
  readonly pid: number;
  output(): string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

async function serve(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Running> {
  const [command, ...rest] = program;
  const child = spawn(command, [...rest, 'serve', ...args], {
    env: environment({ DATA_DIR: dataFolder, PORT: '0', ...env }),
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithThisProcess(child);
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  ends.push(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const link = await waitUntil(
    () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output}`);
      return /\bhttps?:\S+\/sign-in#\S+/.exec(output)?.[0];
    },
    { what: 'berth serve prints its link', timeoutMs: 30_000 },
  );
  return {
    link,
    pid: child.pid ?? -1,
    output: () => output,
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

describe('berth serve', () => {
  it('takes its settings from .env in its folder, and says what deserves a look', async () => {
    writeFileSync(join(folder, '.env'), `DATA_DIR=${dataFolder}\nSECRET_KEY=${goodKey}\nSMPT_HOST=mail\n`, {
      mode: 0o600,
    });
    const running = await serve({ DATA_DIR: '', HOST: '127.0.0.1' });
    expect(running.output()).toMatch(/^Note: SMPT_HOST \(line 3 of .*Is SMTP_HOST meant\?$/m);
    expect(running.output()).not.toContain(goodKey);
    expect(existsSync(join(dataFolder, 'berth.db'))).toBe(true);
    // A command in the same folder finds the same Berth.
    const { stdout } = await berth({}, 'link');
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/sign-in#/);
    expect(await running.end('SIGTERM')).toBe(0);
  });

  it('prints its public address, and can be asked whether it is well', async () => {
    const port = await freePort();
    const running = await serve({ PORT: String(port), PUBLIC_URL: `http://localhost:${port}` });
    expect(new URL(running.link).origin).toBe(`http://localhost:${port}`);
    expect(
      await berth({ PORT: String(port), PUBLIC_URL: `http://localhost:${port}` }, 'health'),
    ).toMatchObject({
      exitCode: 0,
      stdout: 'Berth is well.\n',
    });
    expect(await running.end('SIGTERM')).toBe(0);
    expect(await berth({ PORT: String(port) }, 'health')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/No Berth answers/),
    });
  });

  it('speaks TLS itself, and can be asked whether it is well', async () => {
    await ensureRequirements(['certificates']);
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const kind = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=berth',
    ];
    const names = ['-addext', 'subjectAltName=DNS:berth.example.org', '-days', '90'];
    await runChecked(['openssl', 'req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert]);
    chmodSync(key, 0o600);
    const port = await freePort();
    const origin = `https://berth.example.org:${port}`;
    const env = { PORT: String(port), HOST: '0.0.0.0', PUBLIC_URL: origin, TLS_CERT: cert, TLS_KEY: key };
    const running = await serve(env);
    expect(new URL(running.link).origin).toBe(origin);
    expect(running.output()).not.toMatch(/^Note:/m);
    expect(await berth(env, 'health')).toMatchObject({ exitCode: 0, stdout: 'Berth is well.\n' });
    expect(await berth({ ...env, TLS_CERT: '', TLS_KEY: '' }, 'health')).toMatchObject({ exitCode: 1 });
    expect(await running.end('SIGTERM')).toBe(0);
  });

  it('tells all that is wrong, ends with 2, and has made nothing', async () => {
    const env = {
      DATA_DIR: dataFolder,
      HOST: '0.0.0.0',
      SECRET_KEY: 'changeme',
      BERTH_SMTP_PORT: '25',
      BERTH_FROB: '1',
    };
    const { exitCode, stdout, stderr } = await berth(env, 'serve');
    expect([exitCode, stdout]).toEqual([2, '']);
    const lines = stderr.trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^Note: BERTH_FROB is no setting/),
      expect.stringMatching(/^HOST is not loopback/),
      expect.stringMatching(/^BERTH_SMTP_PORT is given without SMTP_HOST/),
      expect.stringMatching(/^SECRET_KEY must not/),
    ]);
    expect(existsSync(dataFolder)).toBe(false);
  });

  it('checks without a start: 0 and what would hold, or 2', async () => {
    const good = await berth({ DATA_DIR: dataFolder, SECRET_KEY: goodKey }, 'serve', '--check-config');
    expect(good).toMatchObject({ exitCode: 0, stderr: '' });
    expect(good.stdout).toMatch(/SECRET_KEY=\(secret\)/);
    expect(good.stdout).not.toContain(goodKey);
    expect(await berth({ PORT: 'x' }, 'serve', '--check-config')).toMatchObject({ exitCode: 2, stdout: '' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a folder of settings that others can write', async () => {
    writeFileSync(join(folder, '.env'), 'PORT=0\n');
    chmodSync(join(folder, '.env'), 0o666);
    expect(await berth({ DATA_DIR: dataFolder }, 'serve')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/can be written by others/),
    });
  });

  it('leaves nothing open and nothing held when it cannot listen', async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    ends.push(() => new Promise((resolve) => taken.close(resolve)));
    const { port } = taken.address() as { port: number };
    const env = { DATA_DIR: dataFolder, PORT: String(port) };
    expect(await berth(env, 'serve')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/is taken/),
    });
    expect(
      await berth(
        { ...env, HOST: '127.0.0.1', PORT: '0', BERTH_HOST: '192.0.2.1', PUBLIC_URL: 'http://localhost:1' },
        'serve',
      ),
    ).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/has no address 192\.0\.2\.1/),
    });
    expect(readdirSync(dataFolder)).not.toContain('control.sock');
    // The folder is free: another start takes it.
    const running = await serve({});
    expect(await running.end('SIGTERM')).toBe(0);
  });

  it('leaves nothing open when the socket for commands cannot be made', async () => {
    mkdirSync(join(dataFolder, 'control.sock', 'in-the-way'), { recursive: true, mode: 0o700 });
    chmodSync(dataFolder, 0o700);
    const { exitCode, stderr } = await berth({ DATA_DIR: dataFolder, PORT: '0' }, 'serve');
    expect(exitCode).toBe(1);
    expect(stderr.trim()).not.toBe('');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'ends in order and within seconds on %s',
    async (signal) => {
      const running = await serve({});
      const { port } = new URL(running.link);
      // A client that says nothing and holds its connection must not hold up the end.
      const client = connect(Number(port), '127.0.0.1');
      client.on('error', () => undefined);
      await once(client, 'connect');
      const startedAtMs = performance.now();
      expect(await running.end(signal)).toBe(0);
      expect(performance.now() - startedAtMs).toBeLessThan(7_500);
      expect(readdirSync(dataFolder)).not.toContain('control.sock');
      client.destroy();
    },
  );
});

describe('what Berth starts', () => {
  let engine: RemoteHost;
  beforeAll(async () => {
    engine = await startRemoteHost({ name: 'engine' });
  });
  afterAll(() => engine?.stop());

  it('inherits neither its secrets nor its port', async () => {
    const mark = `mark-${process.pid}-${Date.now()}`;
    const running = await serve({ SECRET_KEY: goodKey, BERTH_DELETE_KEY: `${goodKey}d`, KEPT: mark });
    const connection = await connectLocalSocket(dataFolder);
    if (connection === undefined) throw new Error('no Berth answers');
    const client = createClient(connection);
    ends.unshift(async () => client.close());
    const host = await client.call('hosts.add', {
      name: 'here',
      definition: { kind: 'local', socketPath: engine.engineSocketPathOnThisMachine },
    });
    const target = { kind: 'host', hostId: host.id } as const;
    const terminal = await waitUntil(
      () =>
        client
          .call('terminals.open', { target, size: { cols: 80, rows: 24 }, name: null })
          .catch((error: unknown) => {
            if (BerthError.is(error, 'host.not-connected')) return undefined;
            throw error;
          }),
      { what: 'a shell on this computer opens' },
    );
    const inherited = await waitUntil(() => environmentsWith(mark, running.pid), { what: 'the shell runs' });
    for (const text of inherited) {
      expect(text).toContain(`DATA_DIR=${dataFolder}`);
      expect(text).not.toMatch(/SECRET_KEY|DELETE_KEY|(^|\n)PORT=/);
      expect(text).not.toContain(goodKey);
    }
    await client.call('terminals.close', { id: terminal.id });
    expect(await running.end('SIGTERM')).toBe(0);
  });
});

/** Of all processes that inherited the mark, but the one that was given it; undefined: there is none. */
function environmentsWith(mark: string, ownPid: number): string[] | undefined {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== ownPid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').replaceAll('\0', '\n');
      } catch {
        // It ended meanwhile.
        return '';
      }
    })
    .filter((text) => text.includes(`KEPT=${mark}`));
  return found.length === 0 ? undefined : found;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
