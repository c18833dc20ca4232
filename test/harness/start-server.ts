/**
 * The HTTP server of the product on a free port, over handlers that a test gives and accounts in memory; with a folder of
 * its own. What a browser and a program say to sign in, in one line each.
 */
import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserId } from '#contract/ids.ts';
import { noQuota } from '#contract/users.ts';
import { type ServedConfig, servedDefaults } from '#main/config.ts';
import type { AppDoor } from '#main/control-plane/forwards/app-door.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { serveConnection } from '#main/server/serve-connection.ts';
import {
  type RunningServer,
  type ServedPlane,
  type StartOptions,
  startHttpServer,
} from '#main/server/start-http-server.ts';
import { type Answer, ask } from '#test/src-main/server/http-client.ts';
import { dispatcherWith, planeDoors, recordingLog } from '#test/transports/plane-double.ts';
import { MemoryAccounts } from './memory-accounts.ts';

export interface StartServerOptions extends StartOptions {
  readonly handlers?: Partial<Handlers>;
  readonly served?: Partial<ServedConfig>;
  readonly publicOrigin?: string;
  readonly host?: string;
  readonly accounts?: MemoryAccounts;
  readonly apps?: AppDoor;
}

/** As the plane derives it: one key for each purpose. */
export function testKey(purpose: string): Uint8Array {
  return createHmac('sha256', 'the secret key of a test').update(purpose).digest();
}

/** What the users' services would answer about oneself. */
function accountHandlers(accounts: MemoryAccounts): Partial<Handlers> {
  return {
    async *'account.watch'(_input, { caller }) {
      yield {
        id: caller.userId,
        email: accounts.emailOf(caller.userId),
        name: caller.userName,
        role: 'member',
        source: 'password',
        hasPassword: true,
        hasSecondFactor: false,
        recoveryCodes: 0,
        quota: noQuota,
        usage: { workspaces: 0, cpus: 0, memoryBytes: 0, diskBytes: null, snapshots: 0 },
        isServed: true,
        createdAt: '2026-01-02T03:04:05.000Z',
      };
    },
    'account.signOutEverywhere': (_input, { caller }) => {
      accounts.signOutEverywhere(caller.userId);
      return {};
    },
    'about.get': (_input, { caller }) => ({
      version: '1',
      mode: caller.mode,
      user: { id: caller.userId, name: caller.userName },
      scopes: [...caller.scopes],
      platform: 'linux',
      dataFolder: '/data',
      isReadOnly: false,
    }),
  };
}

export async function startServer(options: StartServerOptions = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-server-'));
  await mkdir(join(folder, 'ui'), { recursive: true });
  await writeFile(join(folder, 'ui', 'index.html'), '<!doctype html>the window');
  const accounts = options.accounts ?? new MemoryAccounts(options.nowMs);
  const log = recordingLog();
  const dispatcher = dispatcherWith({ ...accountHandlers(accounts), ...options.handlers }, log);
  const plane: ServedPlane = {
    ...planeDoors,
    ...(options.apps === undefined ? {} : { apps: options.apps }),
    dispatcher,
    log,
    accounts,
    deriveKey: testKey,
    serve: (connection, caller) => void serveConnection({ connection, dispatcher, caller, log }),
  };
  const server = await startHttpServer(
    plane,
    {
      version: '1',
      dataFolder: folder,
      host: options.host ?? '127.0.0.1',
      port: 0,
      publicOrigin: options.publicOrigin ?? null,
      uiFolder: join(folder, 'ui'),
      served: { ...servedDefaults, ...options.served },
    },
    options,
  );
  return new TestServer(server, accounts, folder, log);
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope: string;
}

export class TestServer {
  readonly server: RunningServer;
  readonly accounts: MemoryAccounts;
  readonly folder: string;
  readonly log: ReturnType<typeof recordingLog>;

  constructor(
    server: RunningServer,
    accounts: MemoryAccounts,
    folder: string,
    log: ReturnType<typeof recordingLog>,
  ) {
    this.server = server;
    this.accounts = accounts;
    this.folder = folder;
    this.log = log;
  }

  get port(): number {
    return this.server.port;
  }
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }
  get origin(): string {
    return `http://${this.host}`;
  }
  /** What a page of our own says. */
  get own(): Record<string, string> {
    return { host: this.host, origin: this.origin, 'x-berth': '1' };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return ask(this.port, { path, headers: { host: this.host, ...headers } });
  }

  postJson(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return ask(this.port, {
      method: 'POST',
      path,
      headers: { host: this.host, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  postForm(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    return ask(this.port, {
      method: 'POST',
      path,
      headers: {
        host: this.host,
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      body: new URLSearchParams(fields).toString(),
    });
  }

  /** Of a program: signs in with a password. */
  async tokens(email: string, password: string, fields: Record<string, string> = {}): Promise<Tokens> {
    const answer = await this.postForm('/token', { username: email, password, ...fields });
    if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as Tokens;
  }

  /** Of a browser: the cookie of a session. */
  async cookie(email: string, password: string): Promise<string> {
    const answer = await this.postJson('/api/v1/session', { email, password }, this.own);
    if (answer.status !== 200) throw new Error(`no session: ${answer.status} ${answer.text}`);
    return String(answer.headers['set-cookie']).split(';')[0] ?? '';
  }

  async ownerCookie(): Promise<string> {
    const ticket = new URL(this.server.createSignInLink()).hash.slice(1);
    const answer = await this.postJson('/api/v1/session', { ticket }, this.own);
    return String(answer.headers['set-cookie']).split(';')[0] ?? '';
  }

  about(token: string): Promise<Answer> {
    return this.get('/api/v1/about', { authorization: `Bearer ${token}` });
  }

  async userOf(token: string): Promise<UserId> {
    const { text } = await this.about(token);
    return (JSON.parse(text) as { user: { id: UserId } }).user.id;
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
