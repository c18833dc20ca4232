/** Raw HTTP for tests: any Host, any Origin, no cookies of its own; and upgrades that report their status. */
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function ask(
  port: AddressInfo['port'],
  { method = 'GET', path, headers = {}, body }: Ask,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** What an answer says, but for the id of its request, which is random. */
export function textWithoutId({ text }: Pick<Answer, 'text'>): string {
  return text.replace(/urn:uuid:[0-9a-f-]{36}/, 'urn:uuid:');
}

export interface UpgradeAsk {
  readonly path?: string;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The open socket, or the status that refused it. */
export function upgrade(port: number, { path = '/api/v1/socket', protocols = [], headers = {} }: UpgradeAsk) {
  return new Promise<WebSocket | number>((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, [...protocols], {
      headers: { ...headers },
    });
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (outgoing, response) => {
      outgoing.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', (error) => {
      if (socket.readyState !== WebSocket.CLOSING) reject(error);
    });
  });
}
