/**
 * A whole plane behind its real HTTP server on loopback, and a browser's session on it: composed as the product composes
 * it, with its data in a folder of its own. No host is connected; none of this computer's is found.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '#main/compose.ts';
import { type ServedConfig, servedDefaults } from '#main/config.ts';
import type { Plane } from '#main/control-plane/plane.ts';
import { type RunningServer, startHttpServer } from '#main/server/start-http-server.ts';
import { FakeNetwork } from './fake-network.ts';

const root = new URL('../..', import.meta.url).pathname;

export interface ServedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  /** Of a response that goes on: the request was ended after the first of it. */
  readonly isCut: boolean;
}

export interface ServedAsk {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Milliseconds after which no answer is a failure. */
  readonly timeoutMs?: number;
}

export class ServedPlane implements AsyncDisposable {
  readonly plane: Plane;
  readonly folder: string;
  server: RunningServer;
  cookie = '';
  readonly lines: string[];

  private constructor(plane: Plane, server: RunningServer, folder: string, lines: string[]) {
    this.plane = plane;
    this.server = server;
    this.folder = folder;
    this.lines = lines;
  }

  static async start(given?: string, served: Partial<ServedConfig> = {}): Promise<ServedPlane> {
    const folder = given ?? (await mkdtemp(join(tmpdir(), 'berth-served-')));
    const lines: string[] = [];
    const plane = await compose(
      {
        version: '0.0.0-test',
        dataFolder: join(folder, 'data'),
        remoteScriptsFolder: join(root, 'resources', 'remote'),
        addHostFile: null,
      },
      {
        isOutputChecked: true,
        network: new FakeNetwork(),
        computer: { platform: 'linux', homeFolder: folder, env: {} },
        onLogLine: (line) => lines.push(line),
      },
    );
    const server = await startHttpServer(plane, {
      version: '0.0.0-test',
      dataFolder: join(folder, 'data'),
      host: '127.0.0.1',
      port: 0,
      publicOrigin: null,
      uiFolder: folder,
      served: { ...servedDefaults, ...served },
    });
    const started = new ServedPlane(plane, server, folder, lines);
    await started.signIn();
    return started;
  }

  async signIn(): Promise<void> {
    const ticket = new URL(this.server.createSignInLink()).hash.slice(1);
    const answer = await this.ask({
      method: 'POST',
      path: '/api/v1/session',
      body: JSON.stringify({ ticket }),
    });
    if (answer.status !== 200) throw new Error(`signing in failed with ${answer.status}: ${answer.text}`);
    this.cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
  }

  /** As a page of the window's own: with its cookie, its origin and the header of changes. */
  ask({ method = 'GET', path, headers = {}, body, timeoutMs = 10_000 }: ServedAsk): Promise<ServedAnswer> {
    const host = `127.0.0.1:${this.server.port}`;
    const own: Record<string, string> = { host, origin: `http://${host}`, 'x-berth': '1' };
    if (this.cookie !== '') own.cookie = this.cookie;
    if (body !== undefined) own['content-type'] = 'application/json';
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.server.port,
          method,
          path,
          headers: { ...own, ...headers },
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          const finish = (isCut: boolean) => {
            clearTimeout(timer);
            const whole = Buffer.concat(chunks);
            const { statusCode: status = 0, headers: got } = response;
            resolve({ status, headers: got, body: whole, text: whole.toString(), isCut });
            if (isCut) outgoing.destroy();
          };
          const goesOn = /event-stream|ndjson/.test(response.headers['content-type'] ?? '');
          response.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            if (goesOn) finish(true);
          });
          response.on('end', () => finish(false));
          response.on('error', reject);
        },
      );
      const timer = setTimeout(() => {
        outgoing.destroy();
        reject(new Error(`${method} ${path.slice(0, 200)}: no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      outgoing.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      outgoing.end(body);
    });
  }

  async json<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await this.ask({ method, path, ...sent });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as T;
  }

  /** Keeps the folder, for another start. */
  async stop(): Promise<void> {
    await this.server.close();
    await this.plane.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
