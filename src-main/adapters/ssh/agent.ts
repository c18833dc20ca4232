/**
 * A client of the SSH agent (draft-ietf-sshm-ssh-agent, sections 3.5 and 3.6): lists keys and asks for signatures, one
 * request per connection, each with a time-out. Must never add, remove or forward anything.
 */
import { connect } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';
import { fingerprintOfKey, keyTypeOf } from './known-hosts.ts';

export interface AgentKey {
  readonly type: string;
  /** The public key blob (RFC 4253, 6.6). */
  readonly blob: Buffer;
  readonly comment: string;
  readonly fingerprint: string;
}

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const FLAG_RSA_SHA2_256 = 2;
const FLAG_RSA_SHA2_512 = 4;

/** Listing asks no one; an agent that is silent for so long is stuck. */
const LIST_TIMEOUT_MS = 5_000;
/** A signature may wait for a person at a dialog or a token (1Password, confirm-before-use). */
const SIGN_TIMEOUT_MS = 120_000;
const MAX_ANSWER_BYTES = 256 * 1024;

/** @throws host.agent-unavailable */
export async function listAgentKeys(socketPath: string): Promise<AgentKey[]> {
  const answer = await request(socketPath, Buffer.from([REQUEST_IDENTITIES]), LIST_TIMEOUT_MS);
  if (answer[0] !== IDENTITIES_ANSWER)
    throw unavailable(socketPath, 'it is locked or refuses to list its keys');
  const reader = new Reader(answer.subarray(1));
  const keys: AgentKey[] = [];
  for (let left = reader.uint32() ?? 0; left > 0; left--) {
    const blob = reader.string();
    const comment = reader.string();
    if (blob === undefined || comment === undefined) break;
    const type = keyTypeOf(blob);
    if (type !== undefined)
      keys.push({ type, blob, comment: comment.toString('utf8'), fingerprint: fingerprintOfKey(blob) });
  }
  return keys;
}

/** The bare signature (without its format name). @throws host.agent-unavailable also when the agent says no */
export async function signWithAgent(
  socketPath: string,
  key: Buffer,
  data: Buffer,
  hash: string | undefined,
): Promise<Buffer> {
  const flags = hash === 'sha512' ? FLAG_RSA_SHA2_512 : hash === 'sha256' ? FLAG_RSA_SHA2_256 : 0;
  const body = Buffer.concat([Buffer.from([SIGN_REQUEST]), string(key), string(data), uint32(flags)]);
  const answer = await request(socketPath, body, SIGN_TIMEOUT_MS);
  const signature = answer[0] === SIGN_RESPONSE ? new Reader(answer.subarray(1)).string() : undefined;
  const reader = signature && new Reader(signature);
  const blob = reader?.string() && reader.string();
  if (!blob) throw unavailable(socketPath, 'it refused to sign with the key');
  return blob;
}

function request(socketPath: string, body: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    let received = Buffer.alloc(0);
    const fail = (why: string, cause?: unknown) => {
      socket.destroy();
      reject(unavailable(socketPath, why, cause));
    };
    socket.setTimeout(timeoutMs, () => fail('it does not answer'));
    socket.on('error', (error) => fail('nothing answers there', error));
    socket.on('close', () => fail('it closed the connection'));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4) return;
      const length = received.readUInt32BE(0);
      if (length < 1 || length > MAX_ANSWER_BYTES) return fail('its answer makes no sense');
      if (received.length < 4 + length) return;
      resolve(Buffer.from(received.subarray(4, 4 + length)));
      socket.destroy();
    });
    socket.write(string(body));
  });
}

function unavailable(socketPath: string, why: string, cause?: unknown): BerthError {
  return new BerthError(
    'host.agent-unavailable',
    `The SSH agent at ${socketPath} cannot be used: ${why}. Start or unlock it, or choose another way to sign in.`,
    { details: { socketPath }, cause },
  );
}

/** Reads the strings of RFC 4251, 5; undefined past the end. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  uint32(): number | undefined {
    if (this.#at + 4 > this.#bytes.length) return undefined;
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }
  string(): Buffer | undefined {
    const length = this.uint32();
    if (length === undefined || this.#at + length > this.#bytes.length) return undefined;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function string(bytes: Buffer | string): Buffer {
  const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return Buffer.concat([uint32(content.length), content]);
}
