/**
 * The three things that Berth needs of ssh2 and that its public interface does not offer. All knowledge of ssh2's private
 * fields is here, and every access is checked: with another version of ssh2 this throws while connecting and its test goes
 * red, instead of something failing silently.
 */
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
