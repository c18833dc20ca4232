/**
 * Asks the Berth that `berth serve` runs here whether it is well, as a browser would come to it: the same port, the same
 * name in the Host header, TLS where it has TLS. For a container's health check, and for scripts.
 */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HealthQuestion {
  readonly host: string;
  readonly port: number;
  readonly publicOrigin: string | null;
  readonly isTls: boolean;
}

export interface HealthAnswer {
  readonly isWell: boolean;
  /** One sentence. */
  readonly text: string;
}

const timeoutMs = 4_000;
/** What listens on all addresses is asked on loopback. */
const reachable: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Never rejects. */
export function checkHealth({ host, port, publicOrigin, isTls }: HealthQuestion): Promise<HealthAnswer> {
  const address = reachable[host] ?? host;
  const name =
    publicOrigin === null
      ? `${address.includes(':') ? `[${address}]` : address}:${port}`
      : new URL(publicOrigin).host;
  const place = `${address} port ${port}`;
  return new Promise((resolve) => {
    const options = {
      host: address,
      port,
      path: '/health',
      headers: { host: name },
      timeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
      // This very computer answers; the certificate is for the name outside.
      ...(isTls ? { rejectUnauthorized: false } : {}),
    };
    const asked = (isTls ? httpsRequest : httpRequest)(options, (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      const isWell = statusCode === 200;
      response.on('error', () => undefined);
      resolve({ isWell, text: isWell ? 'Berth is well.' : `Berth on ${place} answers with ${statusCode}.` });
    });
    asked.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ isWell: false, text: `No Berth answers on ${place} (${error.code ?? error.name}).` }),
    );
    asked.end();
  });
}
