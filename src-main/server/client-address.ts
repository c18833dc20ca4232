/**
 * Where a request comes from. Only proxies that the configuration names are believed when they say whom they speak for:
 * anybody can write X-Forwarded-For. The last hop that is no such proxy is the client; what stands before it is hearsay.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, SocketAddress } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { RequestOrigin } from '../control-plane/account-door.ts';

/** The client's address, in its shortest form. */
export type ClientAddress = (request: IncomingMessage) => string;

const maxAgentCharacters = 200;

/** @param trusted addresses and CIDR blocks, as `10.0.0.0/8`. @throws RangeError for one that is none */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = new BlockList();
  for (const entry of trusted) {
    const [address = '', prefix] = entry.split('/');
    const version = isIP(address);
    if (version === 0) throw new RangeError(`${entry} is no address and no CIDR block.`);
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(prefix), family);
  }
  const isProxy = (address: string) => proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (request) => {
    let client = plainAddress(request.socket.remoteAddress ?? '') ?? '';
    const said = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    while (said.length > 0 && client !== '' && isProxy(client)) {
      const hop = plainAddress(said.pop()?.trim() ?? '');
      // What cannot be read was not written by a proxy of ours: the proxy itself is the last that is known.
      if (hop === undefined) break;
      client = hop;
    }
    return client;
  };
}

/** In shortest form, an IPv4 address inside an IPv6 one as itself; undefined for what is no address. */
export function plainAddress(text: string): string | undefined {
  const bare = text.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  const address = mapped ?? bare;
  const version = isIP(address);
  if (version === 0) return undefined;
  if (version === 4) return address;
  // A zone names an interface of this computer, not another client.
  return new SocketAddress({ address: address.replace(/%.*$/, ''), family: 'ipv6' }).address;
}

/**
 * Whom a limit counts as one: an IPv4 address, or the /64 of an IPv6 one, since whoever has one has all of them (RFC 6177).
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return `${[...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':')}::/64`;
}

export function incomingOf(context: Context): IncomingMessage {
  return (context.env as HttpBindings).incoming;
}

export function requestOrigin(request: IncomingMessage, clientAddress: ClientAddress): RequestOrigin {
  const agent = request.headers['user-agent'] ?? '';
  return { address: clientAddress(request), agent: agent.slice(0, maxAgentCharacters) };
}
