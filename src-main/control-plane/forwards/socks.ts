/**
 * The server's side of SOCKS version 5 (RFC 1928): no authentication, CONNECT alone. Pure: bytes in, steps out. Reads no
 * more than a request has, so that whatever a client sends behind it stays untouched.
 */
import { BerthError } from '#contract/berth-error.ts';

export type SocksStep =
  /** More bytes are needed. */
  | { readonly kind: 'more' }
  | { readonly kind: 'request'; readonly host: string; readonly port: number }
  /** To be answered with `socksReply`, or not at all where it is null, and ended. */
  | { readonly kind: 'refused'; readonly reply: SocksReply | null };

/** RFC 1928 §6. */
export const socksReplies = {
  succeeded: 0,
  failed: 1,
  networkUnreachable: 3,
  hostUnreachable: 4,
  refused: 5,
  commandNotSupported: 7,
  addressNotSupported: 8,
} as const;
export type SocksReply = keyof typeof socksReplies;

const version = 5;
const connectCommand = 1;
const noAuthentication = 0;
const noAcceptableMethod = 0xff;
const addressTypes = { ipv4: 1, domain: 3, ipv6: 4 } as const;

export class SocksHandshake {
  #bytes = Buffer.alloc(0);
  #hasChosen = false;
  readonly #answer: (bytes: Uint8Array) => void;

  /** `answer`: writes to the client. */
  constructor(answer: (bytes: Uint8Array) => void) {
    this.#answer = answer;
  }

  /** What came behind the request, once there is one. */
  get rest(): Buffer {
    return this.#bytes;
  }

  push(bytes: Uint8Array): SocksStep {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (!this.#hasChosen) {
      const refused = this.#choose();
      if (refused !== undefined) return refused;
    }
    return this.#request();
  }

  /** VER, NMETHODS, METHODS (§3). Undefined: a method was chosen. */
  #choose(): SocksStep | undefined {
    const [first, count] = this.#bytes;
    // Another protocol, as that of a browser which was told that this is an HTTP proxy: it is not answered in this one.
    if (first !== undefined && first !== version) return { kind: 'refused', reply: null };
    if (count === undefined || this.#bytes.byteLength < 2 + count) return { kind: 'more' };
    const isFit = this.#bytes.subarray(2, 2 + count).includes(noAuthentication);
    this.#answer(Buffer.of(version, isFit ? noAuthentication : noAcceptableMethod));
    if (!isFit) return { kind: 'refused', reply: null };
    this.#hasChosen = true;
    this.#bytes = this.#bytes.subarray(2 + count);
    return undefined;
  }

  /** VER, CMD, RSV, ATYP, DST.ADDR, DST.PORT (§4, §5). */
  #request(): SocksStep {
    const bytes = this.#bytes;
    if (bytes.byteLength > 0 && bytes[0] !== version) return { kind: 'refused', reply: null };
    if (bytes.byteLength < 5) return { kind: 'more' };
    const type = bytes[3];
    const isDomain = type === addressTypes.domain;
    if (!isDomain && type !== addressTypes.ipv4 && type !== addressTypes.ipv6)
      return { kind: 'refused', reply: 'addressNotSupported' };
    const start = isDomain ? 5 : 4;
    const length = isDomain ? bytes.readUInt8(4) : type === addressTypes.ipv4 ? 4 : 16;
    const end = start + length + 2;
    if (bytes.byteLength < end) return { kind: 'more' };
    this.#bytes = bytes.subarray(end);
    if (bytes[1] !== connectCommand) return { kind: 'refused', reply: 'commandNotSupported' };
    const address = bytes.subarray(start, start + length);
    const host = isDomain
      ? nameOf(address)
      : type === addressTypes.ipv4
        ? address.join('.')
        : ipv6Of(address);
    if (host === undefined) return { kind: 'refused', reply: 'hostUnreachable' };
    return { kind: 'request', host, port: bytes.readUInt16BE(end - 2) };
  }
}

/** BND.ADDR and BND.PORT are of no use to a client of CONNECT: zeros. */
export function socksReply(reply: SocksReply): Buffer {
  return Buffer.of(version, socksReplies[reply], 0, addressTypes.ipv4, 0, 0, 0, 0, 0, 0);
}

/** Numbers of errno(3) and, negative, of getaddrinfo(3), as Linux has them. */
const errnoReplies: Readonly<Record<number, SocksReply>> = {
  101: 'networkUnreachable',
  110: 'hostUnreachable',
  111: 'refused',
  113: 'hostUnreachable',
};

export function socksReplyTo(error: unknown): SocksReply {
  if (!BerthError.is(error, 'workspace.port-refused')) return 'failed';
  const { errno } = error.details;
  if (typeof errno !== 'number') return 'hostUnreachable';
  return errno < 0 ? 'hostUnreachable' : (errnoReplies[errno] ?? 'failed');
}

/** A name is handed to a resolver: only what a name, or an address as text, can have. */
function nameOf(address: Buffer): string | undefined {
  const name = address.toString('latin1');
  return /^[A-Za-z0-9_.:-]+$/.test(name) ? name : undefined;
}

function ipv6Of(address: Buffer): string {
  return Array.from({ length: 8 }, (_, group) => address.readUInt16BE(group * 2).toString(16)).join(':');
}
