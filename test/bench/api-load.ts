/** Fifty clients that ask one after the other, each on a connection of its own that stays open, for a time. */
import { Agent, request } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';

export interface Load {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: OutgoingHttpHeaders;
  /** A new body for each request, or none. */
  readonly body?: () => string;
  readonly clients: number;
  readonly forMs: number;
}

export interface LoadFigures {
  readonly perSecond: number;
  /** Milliseconds of each request, from its first byte out to its last byte in. */
  readonly samples: readonly number[];
}

/** Throws at the first answer that is no 2xx: figures of refusals are none. */
export async function underLoad({ url, method, headers, body, clients, forMs }: Load): Promise<LoadFigures> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const samples: number[] = [];
  const begunAtMs = performance.now();
  const client = async () => {
    while (performance.now() - begunAtMs < forMs) {
      const startedAtMs = performance.now();
      await ask(agent, { url, method, headers, text: body?.() });
      samples.push(performance.now() - startedAtMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
  } finally {
    agent.destroy();
  }
  return { perSecond: samples.length / ((performance.now() - begunAtMs) / 1000), samples };
}

function ask(
  agent: Agent,
  { url, method, headers, text }: Pick<Load, 'url' | 'method' | 'headers'> & { text: string | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      agent,
      method,
      headers: text === undefined ? headers : { ...headers, 'Content-Length': Buffer.byteLength(text) },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const status = response.statusCode ?? 0;
      let told = '';
      response.on('data', (chunk: Buffer) => {
        if (status >= 300) told += chunk.toString();
      });
      response.once('error', reject);
      response.once('end', () => {
        if (status < 300) resolve();
        else reject(new Error(`${method} ${url}: ${status} ${told.slice(0, 200)}`));
      });
    });
    outgoing.end(text);
  });
}
