/**
 * What Berth needs of ssh2 and its public interface does not offer. All knowledge of ssh2's private fields is here, and
 * every access is checked: with another version of ssh2 this throws while connecting and its test goes red, instead of
 * something failing silently.
 */
import {
  type CipherGCMTypes,
  createCipheriv,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';
import type { Socket } from 'node:net';
import type { Client } from 'ssh2';

interface Internals {
  _callbacks: ((failed: unknown) => void)[];
  _protocol: {
    ping: () => void;
    _handlers: Record<string, ((...args: unknown[]) => void) | undefined>;
  };
}

function internalsOf(client: Client): Internals {
  const internals = client as unknown as Partial<Internals>;
  if (
    !Array.isArray(internals._callbacks) ||
    typeof internals._protocol?.ping !== 'function' ||
    typeof internals._protocol._handlers?.USERAUTH_FAILURE !== 'function'
  )
    throw new Error('This version of ssh2 is not the one that Berth was made for.');
  return internals as Internals;
}

/**
 * Sends keepalive@openssh.com (OpenSSH PROTOCOL, 2.8) and calls back with the answer. Servers that do not know the request
 * refuse it, which is an answer too: both mean that the other side read it and replied.
 */
export function pingServer(client: Client, onAnswer: () => void): void {
  const internals = internalsOf(client);
  internals._callbacks.push(onAnswer);
  internals._protocol.ping();
}

export interface AuthFailure {
  readonly methodsLeft: readonly string[];
  readonly isPartial: boolean;
}

/**
 * Tells of every SSH_MSG_USERAUTH_FAILURE (RFC 4252, 5.1) before ssh2 acts on it. ssh2 itself hides it when a key of an
 * agent was the attempt, and with it a partial success ("the key is right, now the password").
 */
export function onAuthFailure(client: Client, listener: (failure: AuthFailure) => void): void {
  const handlers = internalsOf(client)._protocol._handlers;
  const original = handlers.USERAUTH_FAILURE as (...args: unknown[]) => void;
  handlers.USERAUTH_FAILURE = (protocol, methods, isPartial) => {
    listener({
      methodsLeft: Array.isArray(methods) ? methods.map(String) : [],
      isPartial: isPartial === true,
    });
    original(protocol, methods, isPartial);
  };
}

interface GcmCipher {
  _dead: boolean;
  _encSSLName: CipherGCMTypes;
  _encKey: Buffer | KeyObject;
  _encIV: Buffer;
  outSeqno: number;
  _onWrite: (bytes: Uint8Array) => void;
  allocPacket: (payloadBytes: number) => Buffer;
  encrypt: (packet: Buffer) => void;
}

interface Ciphers {
  _cipher?: Partial<GcmCipher>;
  _decipher?: { _decipherKey?: unknown };
}

/**
 * Gives ssh2's ciphers their keys in the form that Node takes at once. ssh2 makes a new AES-GCM cipher for every packet,
 * and with a plain buffer Node 24 first throws and catches two errors to learn that it is no key object: half the time
 * that a packet costs. To be called when keys were exchanged, at the start and each time after. Returns how many keys it
 * prepared: both with AES-GCM, none with ciphers that keep their state between packets.
 */
export function prepareKeys(client: Client): number {
  const { _cipher: cipher, _decipher: decipher } = internalsOf(client)._protocol as unknown as Ciphers;
  let prepared = 0;
  if (isGcmCipher(cipher)) {
    cipher._encKey = createSecretKey(cipher._encKey as Buffer);
    reusePackets(cipher);
    prepared += 1;
  }
  if (decipher && Buffer.isBuffer(decipher._decipherKey)) {
    decipher._decipherKey = createSecretKey(decipher._decipherKey);
    prepared += 1;
  }
  return prepared;
}

function isGcmCipher(cipher: Partial<GcmCipher> | undefined): cipher is GcmCipher {
  return (
    cipher !== undefined &&
    Buffer.isBuffer(cipher._encKey) &&
    typeof cipher._encSSLName === 'string' &&
    Buffer.isBuffer(cipher._encIV) &&
    typeof cipher._onWrite === 'function' &&
    typeof cipher.outSeqno === 'number'
  );
}

/** Of a packet: length and padding's length, the most data that servers take at once, padding. */
const packetBytes = 64 * 1024;

/**
 * One place in memory for all packets on their way into the cipher, where ssh2 takes a new one for each: memory that is
 * taken for every 32 KiB is what the garbage collector runs for. A packet is in it only from `allocPacket` to `encrypt`,
 * which follow each other at once; while keys are renewed ssh2 lets packets wait, and asks for none from here then.
 */
function reusePackets(cipher: GcmCipher): void {
  const shared = Buffer.allocUnsafe(packetBytes);
  cipher.allocPacket = (payloadBytes) => {
    // RFC 4253, 6, with what RFC 5647 changes: the length itself is no part of what is padded to blocks.
    let padding = 16 - ((1 + payloadBytes) & 15);
    if (padding < 4) padding += 16;
    const length = 1 + payloadBytes + padding;
    const packet =
      length + 4 <= shared.byteLength ? shared.subarray(0, length + 4) : Buffer.allocUnsafe(length + 4);
    packet.writeUInt32BE(length, 0);
    packet[4] = padding;
    randomFillSync(packet, 5 + payloadBytes, padding);
    return packet;
  };
  cipher.encrypt = (packet) => {
    if (cipher._dead) return;
    const sealing = createCipheriv(cipher._encSSLName, cipher._encKey, cipher._encIV);
    sealing.setAutoPadding(false);
    // It waits to be written, and the place is another packet's by then.
    const head = Buffer.from(packet.subarray(0, 4));
    sealing.setAAD(head);
    const sealed = sealing.update(packet.subarray(4));
    sealing.final();
    cipher._onWrite(head);
    cipher._onWrite(sealed);
    cipher._onWrite(sealing.getAuthTag());
    countUp(cipher._encIV);
    cipher.outSeqno = (cipher.outSeqno + 1) >>> 0;
  };
}

/** The invocation counter, which is the last 8 bytes of the nonce (RFC 5647, 7.1). */
function countUp(nonce: Buffer): void {
  let at = 11;
  do nonce[at] = ((nonce[at] ?? 0) + 1) & 0xff;
  while (nonce[at--] === 0 && at >= 4);
}

/**
 * Lets all packets of one turn leave together. ssh2 writes each in three parts, of which two are a few bytes: without
 * this they are three system calls, and on the way three segments.
 */
export function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  let isGathering = false;
  socket.write = ((...given: unknown[]) => {
    if (!isGathering) {
      isGathering = true;
      socket.cork();
      process.nextTick(() => {
        isGathering = false;
        socket.uncork();
      });
    }
    return write(...given);
  }) as Socket['write'];
}
