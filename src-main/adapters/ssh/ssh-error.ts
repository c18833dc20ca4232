/**
 * The one table from failures of sockets, of ssh2 and of SSH servers to Berth's errors. Every message says what happened
 * and what to do, without a secret. Must not be given an error that is a BerthError already; those pass unchanged.
 */
import { BerthError, type ErrorDetails } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';

/** What an `Error` of ssh2 or Node may carry beside its message. */
export interface ForeignError extends Error {
  /** ssh2: where it happened. */
  readonly level?: string;
  /** Node: `ECONNREFUSED`; ssh2: the reason number of SSH_MSG_DISCONNECT (RFC 4253, 11.1). */
  readonly code?: string | number;
  /** ssh2: the reason number of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254, 5.1). */
  readonly reason?: number | string;
}

/** Whom a failure is about. */
export interface ErrorSubject {
  /** `dev@atlas:22` */
  readonly hop: string;
  readonly address: string;
  readonly port: number;
}

interface Row {
  readonly match: (error: ForeignError) => boolean;
  readonly code: ErrorCode;
  readonly message: (subject: ErrorSubject, error: ForeignError) => string;
}

const hasCode =
  (...codes: readonly string[]) =>
  (error: ForeignError) =>
    typeof error.code === 'string' && codes.includes(error.code);
const says = (pattern: RegExp) => (error: ForeignError) => pattern.test(error.message);

const rows: readonly Row[] = [
  {
    match: hasCode('ENOTFOUND', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL'),
    code: 'host.unreachable',
    message: ({ address }) =>
      `The name ${address} is not known. Check the address, or the network's name service.`,
  },
  {
    match: hasCode('EAI_AGAIN'),
    code: 'host.unreachable',
    message: ({ address }) =>
      `The name service did not answer for ${address}. Check that this computer is on the network.`,
  },
  {
    match: hasCode('ECONNREFUSED'),
    code: 'host.unreachable',
    message: ({ address, port }) =>
      `${address} refuses connections on port ${port}. Check the port, and that the SSH server runs.`,
  },
  {
    match: hasCode(
      'EHOSTUNREACH',
      'ENETUNREACH',
      'EHOSTDOWN',
      'ENETDOWN',
      'EADDRNOTAVAIL',
      'EACCES',
      'EPERM',
      'EINVAL',
    ),
    code: 'host.unreachable',
    message: ({ address }) =>
      `There is no route to ${address}. Check the network, the VPN and the firewall between here and there.`,
  },
  {
    match: hasCode('ETIMEDOUT'),
    code: 'host.unreachable',
    message: ({ address, port }) =>
      `${address} does not answer on port ${port}. Check the address, that the machine is on, and its firewall.`,
  },
  {
    match: hasCode('ECONNRESET', 'EPIPE', 'ECONNABORTED'),
    code: 'connection-lost',
    message: ({ hop }) =>
      `The connection to ${hop} was cut off. Berth tries again; check the network if it persists.`,
  },
  {
    match: says(
      /no matching (key exchange|host key|C->S cipher|S->C cipher|C->S MAC|S->C MAC|C->S compression|S->C compression)/i,
    ),
    code: 'host.algorithm-mismatch',
    message: ({ hop }, error) =>
      `${hop} and Berth have no ${kindOfAlgorithm(error.message)} in common. Update the SSH server, or allow a current one in its sshd_config.`,
  },
  {
    match: says(/too many authentication failures/i),
    code: 'host.auth-failed',
    message: ({ hop }) =>
      `${hop} ended the sign-in after too many tries. Name the one key to use for this host (IdentityFile, or the key in its settings).`,
  },
  {
    match: says(/signature verification failed|Host key does not match|malformed host public key/i),
    code: 'host.key-changed',
    message: ({ hop }) =>
      `${hop} could not prove that it owns the host key it shows. Someone may be between you and it: do not sign in from here.`,
  },
  {
    match: says(/Channel open failure|Unable to (exec|open|start)|Unable to request a pseudo-terminal/i),
    code: 'host.sessions-exhausted',
    message: ({ hop }) =>
      `${hop} opens no more sessions. Close terminals, or raise MaxSessions in its sshd_config.`,
  },
  {
    match: says(/Not connected|No response from server|Connection lost|closed/i),
    code: 'connection-lost',
    message: ({ hop }) =>
      `The connection to ${hop} was lost. Berth tries again; check the network if it persists.`,
  },
  {
    match: (error) => error.level === 'client-timeout',
    code: 'timed-out',
    message: ({ hop }) => `${hop} did not answer in time. Check the network and the load of the machine.`,
  },
  {
    match: (error) => error.level === 'protocol' || error.level === 'handshake',
    code: 'host.not-ssh',
    message: ({ address, port }) =>
      `What answers at ${address}, port ${port}, does not follow the SSH protocol. Check the port.`,
  },
];

function kindOfAlgorithm(message: string): string {
  if (/key exchange/i.test(message)) return 'key exchange method';
  if (/host key/i.test(message)) return 'type of host key';
  if (/cipher/i.test(message)) return 'cipher';
  return /MAC/.test(message) ? 'message authentication code' : 'compression';
}

/** Translates what ssh2 or a socket threw; a BerthError passes through with the hop added where it names none. */
export function toBerthError(error: unknown, subject: ErrorSubject): BerthError {
  if (BerthError.is(error)) return error;
  // Happy Eyeballs: several addresses were tried; the first failure is the preferred one's.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const foreign: ForeignError = first instanceof Error ? first : new Error(String(first));
  const details = { hop: subject.hop, address: subject.address, port: subject.port };
  const row = rows.find((candidate) => candidate.match(foreign));
  if (row) return new BerthError(row.code, row.message(subject, foreign), { details, cause: error });
  return new BerthError(
    'connection-lost',
    `The connection to ${subject.hop} failed: ${firstLine(foreign.message)}`,
    { details, cause: error },
  );
}

/** Text that a server sent, made fit for a message: one line, no controls, bounded. */
export function firstLine(text: string, max = 200): string {
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return line.length > max ? `${line.slice(0, max)}…` : line;
}

export function cancelled(): BerthError {
  return new BerthError('cancelled', 'Connecting was cancelled.');
}

export function connectionLost(hop: string, cause?: unknown): BerthError {
  return new BerthError(
    'connection-lost',
    `The connection to ${hop} was lost. Berth tries again; check the network if it persists.`,
    { details: { hop }, cause },
  );
}

export function noAnswer(hop: string, what: string, timeoutMs: number): BerthError {
  return new BerthError(
    'timed-out',
    `${hop} did not ${what} within ${Number((timeoutMs / 1000).toFixed(1))} seconds. Check the network and the load of the machine.`,
    { details: { hop, timeoutMs } },
  );
}

/** `subject`'s facts joined with more. */
export function detailsOf(subject: ErrorSubject, more: ErrorDetails = {}): ErrorDetails {
  return { hop: subject.hop, address: subject.address, port: subject.port, ...more };
}
