/** What a forward, its way and its traffic are called: one place, so that pages, tabs, menus and dialogs agree. Pure. */
import type { Forward, ForwardKind, ForwardTraffic } from '#contract/forwards.ts';
import { formatBytes, formatCount } from '../../components/format.ts';
import type { Mark } from '../../state/feature.ts';

export const kindWords: Record<ForwardKind, string> = {
  app: 'web app',
  tcp: 'TCP',
  socks: 'SOCKS proxy',
  remote: 'into the workspace',
};

export function forwardMark({ state }: Pick<Forward, 'state'>): Mark {
  switch (state) {
    case 'ready':
      return { signal: 'running', word: 'ready' };
    case 'waiting':
      return { signal: 'attention', word: 'waiting' };
    case 'stopped':
      return { signal: 'stopped', word: 'stopped' };
    case 'failed':
      return { signal: 'failed', word: 'failed' };
    default:
      return state satisfies never;
  }
}

/** Where it begins, as it is copied: an address for a browser, a program or a proxy setting. Null: it has none yet. */
export function forwardAddress(forward: Forward): string | null {
  switch (forward.kind) {
    case 'app':
      return forward.origin === null ? null : `${forward.origin}${forward.path}`;
    case 'tcp':
      return forward.localPort === null ? null : `127.0.0.1:${forward.localPort}`;
    case 'socks':
      // With the h names are looked up in the workspace, too.
      return forward.localPort === null ? null : `socks5h://127.0.0.1:${forward.localPort}`;
    case 'remote':
      return forward.port === null ? null : `127.0.0.1:${forward.port}`;
    default:
      return forward.kind satisfies never;
  }
}

/** Its own name, else what it leads to: "port 3000", "every port". */
export function forwardName({ name, kind, port }: Pick<Forward, 'name' | 'kind' | 'port'>): string {
  if (name !== '') return name;
  return kind === 'socks' || port === null ? 'every port' : `port ${port}`;
}

/** `computer`: how the computer that Berth runs on is called in this window. */
export interface WayNames {
  readonly workspace: string;
  readonly computer: string;
}

/** "this computer" only where the window is on it. */
export function computerWords(isDesktop: boolean): string {
  return isDesktop ? 'this computer' : 'the computer that Berth runs on';
}

/** What it leads to: "port 5432 of api", "port 8080 of this computer". */
export function targetWords(forward: Pick<Forward, 'kind' | 'port' | 'localPort'>, names: WayNames): string {
  switch (forward.kind) {
    case 'app':
    case 'tcp':
      return `port ${forward.port} of ${names.workspace}`;
    case 'socks':
      return `every port that ${names.workspace} reaches`;
    case 'remote':
      return `port ${forward.localPort ?? forward.port} of ${names.computer}`;
    default:
      return forward.kind satisfies never;
  }
}

export interface Way {
  readonly kind: ForwardKind;
  readonly port: number | null;
  readonly localPort: number | null;
}

/** What a forward that is about to be made will do, in one sentence. Null: its ports are not said yet. */
export function waySentence(
  { kind, port, localPort }: Way,
  { workspace, computer }: WayNames,
): string | null {
  if (kind !== 'socks' && port === null) return null;
  switch (kind) {
    case 'app':
      return `A browser opens port ${port} of ${workspace} at an address of its own, with cookies that no other app sees.`;
    case 'tcp': {
      const otherwise = localPort === null ? ', or at another port where that one is taken' : '';
      return `Programs on ${computer} reach port ${port} of ${workspace} at 127.0.0.1:${localPort ?? port}${otherwise}.`;
    }
    case 'socks': {
      const where = localPort === null ? 'at a free port of 127.0.0.1' : `at 127.0.0.1:${localPort}`;
      return `Programs on ${computer} that use the SOCKS proxy ${where} reach whatever ${workspace} reaches, as if they ran in it.`;
    }
    case 'remote':
      return `Programs in ${workspace} reach port ${localPort ?? port} of ${computer} at 127.0.0.1:${port}.`;
    default:
      return kind satisfies never;
  }
}

/** "2 connections, 3.1 MiB in, 20 KiB out"; in is what comes from the workspace. */
export function trafficWords(traffic: ForwardTraffic): string {
  const { connections, allConnections, receivedBytes, sentBytes } = traffic;
  if (allConnections === 0) return 'not used yet';
  const now = connections === 0 ? 'no connection' : formatCount(connections, 'connection', 'connections');
  // No line begins with “in” or “out”.
  return `${now}, ${formatBytes(receivedBytes)}\u00a0in, ${formatBytes(sentBytes)}\u00a0out`;
}
