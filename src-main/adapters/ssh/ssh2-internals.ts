/**
 * What Berth needs of ssh2 and its public interface does not offer. All knowledge of ssh2's private fields is here, and
 * every access is checked: with another version of ssh2 this throws while connecting and its test goes red, instead of
 * something failing silently.
 */
import { createSecretKey } from 'node:crypto';
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

interface Ciphers {
  _cipher?: { _encKey?: unknown };
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
  if (cipher && Buffer.isBuffer(cipher._encKey) && '_encSSLName' in cipher) {
    cipher._encKey = createSecretKey(cipher._encKey);
    prepared += 1;
  }
  if (decipher && Buffer.isBuffer(decipher._decipherKey)) {
    decipher._decipherKey = createSecretKey(decipher._decipherKey);
    prepared += 1;
  }
  return prepared;
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
