/**
 * A way to Debian's mirrors for throw-away hosts, which reach nothing but this machine's end of their cable: an HTTP proxy
 * there (RFC 9112, section 3.2.2) that asks what apt on this machine would ask, through apt's own proxy where it has one.
 * Must not carry anything else: GET and HEAD of http://…/debian… only.
 */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

export interface PackageProxy extends AsyncDisposable {
  /** As `http_proxy` takes it. */
  readonly url: string;
}

/** `upstream`: the proxy that this machine needs itself, if any. */
export async function startPackageProxy(
  address: string,
  upstream: string | undefined,
): Promise<PackageProxy> {
  const server = createServer((incoming, reply) => relay(incoming, reply, upstream));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  server.unref();
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function relay(incoming: IncomingMessage, reply: ServerResponse, upstream: string | undefined): void {
  const target = URL.parse(incoming.url ?? '');
  const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
  if (!isRead || target?.protocol !== 'http:' || !/^\/debian/.test(target.pathname)) {
    reply.writeHead(403).end('not a package of Debian\n');
    return;
  }
  const { host: _host, 'proxy-connection': _proxyConnection, ...headers } = incoming.headers;
  const asked = request(
    upstream === undefined ? target : new URL(upstream),
    {
      method: incoming.method,
      headers: { ...headers, host: target.host },
      ...(upstream === undefined ? {} : { path: target.href }),
    },
    (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, reply, () => undefined);
    },
  );
  asked.once('error', (error) => {
    if (reply.headersSent) reply.destroy();
    else reply.writeHead(502).end(`${error.message}\n`);
  });
  reply.once('close', () => asked.destroy());
  asked.end();
}
