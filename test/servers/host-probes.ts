/** Two questions to a host, asked from this machine: does an SSH server speak there, does an engine answer. */
import { request } from 'node:http';
import { connect } from 'node:net';

const PROBE_TIMEOUT_MS = 2_000;

/** The first line that an SSH server sends (RFC 4253, 4.2), or undefined when there is none. */
export function readBanner(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: PROBE_TIMEOUT_MS });
    const end = (banner?: string) => {
      socket.destroy();
      resolve(banner);
    };
    socket.on('data', (data: Buffer) =>
      end(data.toString('latin1').startsWith('SSH-2.0-') ? data.toString() : undefined),
    );
    socket.on('error', () => end());
    socket.on('timeout', () => end());
    socket.on('close', () => end());
  });
}

/** Does `GET /_ping` on the engine's socket say 200? */
export function pingEngine(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request(
      { socketPath, path: '/_ping', timeout: PROBE_TIMEOUT_MS, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    ping.on('timeout', () => ping.destroy());
    ping.on('error', () => resolve(false));
    ping.end();
  });
}
