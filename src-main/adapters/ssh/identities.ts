/**
 * The keys that may be offered to one server, in order, as lazy signers: a passphrase is asked only once the server has
 * said that it would take the key. Guarantees: of an agent only the keys that are named, and at most five otherwise; servers
 * count every offer, and OpenSSH hangs up after six.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ParsedKey } from 'ssh2';
import { BerthError } from '#contract/berth-error.ts';
import type { ConnectOptions } from '../../control-plane/interfaces/host-connector.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import { type AgentKey, listAgentKeys, signWithAgent } from './agent.ts';
import { fingerprintOfKey } from './known-hosts.ts';
import { MAX_KEY_FILE_BYTES, type PrivateKeyText, readPrivateKey, unreadable } from './private-key.ts';
import type { Hop } from './target.ts';

/** See the header. Five leaves one try for a password under OpenSSH's MaxAuthTries of 6. */
export const MAX_AGENT_KEYS = 5;
/** Tries at a passphrase, a password or a one-time code before giving up; ssh(1)'s NumberOfPasswordPrompts. */
export const MAX_TRIES = 3;

export interface Identity {
  /** `~/.ssh/id_ed25519`, or `agent key dev@laptop`. */
  readonly name: string;
  readonly publicBlob: Buffer;
  /** The definition names this very key: what is wrong with it ends the sign-in. */
  readonly isOnlyOne: boolean;
  /** The signature as ssh2 wants it. */
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
}

/** What was typed in the course of one connect, kept in memory so that further connections of the same login ask nothing. */
export interface LoginMemory {
  password?: Secret;
  readonly passphrases: Map<string, Secret>;
  readonly answers: Map<string, Secret>;
}

export interface IdentityContext {
  readonly hop: Hop;
  readonly homeFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly secretOf: ConnectOptions['secretOf'];
  readonly ask: ConnectOptions['ask'];
  readonly memory: LoginMemory;
  /** Told of keys that were left out, and why; shown when the sign-in fails. */
  readonly onSkipped: (reason: string) => void;
}

const DEFAULT_FILES = ['id_rsa', 'id_ecdsa', 'id_ed25519'];

/** @throws host.agent-unavailable, credential.* where the definition itself names what cannot be used */
export async function identitiesFor(context: IdentityContext): Promise<Identity[]> {
  const { auth } = context.hop;
  if (auth.method === 'key') return [await definedKey(context)];
  if (auth.method === 'agent') return agentOnly(context, auth.key);
  return automatic(context);
}

/** Like ssh(1): named keys that the agent holds, the named files, and without names up to five of the agent. */
async function automatic(context: IdentityContext): Promise<Identity[]> {
  const { config } = context.hop;
  const named = config.identityFiles.map(({ value }) => value);
  const files =
    named.length > 0 ? named : DEFAULT_FILES.map((name) => join(context.homeFolder, '.ssh', name));
  const readable = await Promise.all(files.map(async (path) => ({ path, ...(await readKeyFile(path)) })));
  const agentKeys = await agentKeysOrNone(context);
  const socketPath = agentPathOf(context);
  const fromAgent: Identity[] = [];
  const fromFiles: Identity[] = [];
  for (const { path, text, publicBlob, problem } of readable) {
    const held = publicBlob && agentKeys.find((key) => key.blob.equals(publicBlob));
    if (held && socketPath !== undefined) fromAgent.push(agentIdentity(socketPath, held));
    else if (text !== undefined) fromFiles.push(...(await fileIdentity(text, context, publicBlob)));
    else if (named.length > 0) context.onSkipped(problem ?? `${path}: there is no such file`);
    else if (problem !== undefined) context.onSkipped(problem);
  }
  const isRestricted = named.length > 0 || config.isIdentitiesOnly;
  if (!isRestricted && socketPath !== undefined) {
    const room = Math.max(0, MAX_AGENT_KEYS - fromAgent.length);
    const rest = agentKeys.filter((key) => !fromAgent.some((known) => known.publicBlob.equals(key.blob)));
    fromAgent.push(...rest.slice(0, room).map((key) => agentIdentity(socketPath, key)));
    const left = rest.length - room;
    if (left > 0)
      context.onSkipped(`${left} more ${left === 1 ? 'key' : 'keys'} of the agent: name the one to use`);
  }
  return [...fromAgent, ...fromFiles];
}

async function agentOnly(context: IdentityContext, wanted: string | null): Promise<Identity[]> {
  const socketPath = agentPathOf(context);
  if (socketPath === undefined)
    throw new BerthError(
      'host.agent-unavailable',
      'No SSH agent is running (SSH_AUTH_SOCK is not set). Start one, or choose another way to sign in.',
      { details: { hop: context.hop.name } },
    );
  const keys = await listAgentKeys(socketPath);
  if (wanted !== null) {
    const fingerprint = wanted.startsWith('SHA256:') ? wanted : await fingerprintOfFile(wanted, context);
    const key = keys.find((candidate) => candidate.fingerprint === fingerprint);
    if (key) return [{ ...agentIdentity(socketPath, key), isOnlyOne: true }];
    throw new BerthError(
      'host.auth-failed',
      `The SSH agent does not hold the key ${wanted}. Add it with ssh-add, or choose another key for this host.`,
      { details: { hop: context.hop.name, tried: [] } },
    );
  }
  if (keys.length === 0)
    throw new BerthError(
      'host.auth-failed',
      'The SSH agent holds no key. Add one with ssh-add, or choose another way to sign in.',
      { details: { hop: context.hop.name, tried: [] } },
    );
  const named = await Promise.all(
    context.hop.config.identityFiles.map(async ({ value }) => (await readKeyFile(value)).publicBlob),
  );
  const offered = keys.filter((key) => named.some((blob) => blob?.equals(key.blob)));
  const chosen = offered.length > 0 ? offered : keys.slice(0, MAX_AGENT_KEYS);
  return chosen.map((key) => agentIdentity(socketPath, key));
}

async function definedKey(context: IdentityContext): Promise<Identity> {
  const { auth } = context.hop;
  if (auth.method !== 'key') throw new BerthError('internal', 'No key is defined.');
  const stored = auth.passphraseId === null ? undefined : await context.secretOf(auth.passphraseId);
  let text: PrivateKeyText;
  if (auth.source.kind === 'credential') {
    const secret = await context.secretOf(auth.source.credentialId);
    if (secret === undefined)
      throw new BerthError(
        'credential.missing',
        'The private key of this host is not in the keychain any more. Choose the key again.',
        { details: { hop: context.hop.name, credentialId: auth.source.credentialId } },
      );
    text = readPrivateKey(secret.reveal(), 'from the keychain');
  } else {
    const path = expandHome(auth.source.path, context.homeFolder);
    const read = await readKeyFile(path);
    if (read.error) throw read.error;
    if (read.text === undefined) throw unreadable(path, 'does not exist. Check the path.');
    text = read.text;
  }
  const unlock = unlocker(text, context, stored);
  if (text.publicBlob) return { ...keyIdentity(text.name, text.publicBlob, unlock), isOnlyOne: true };
  const key = await unlock();
  return { ...keyIdentity(text.name, key.getPublicSSH(), async () => key), isOnlyOne: true };
}

async function fileIdentity(
  text: PrivateKeyText,
  context: IdentityContext,
  publicBlob: Buffer | undefined,
): Promise<Identity[]> {
  const unlock = unlocker(text, context, undefined);
  if (publicBlob) return [keyIdentity(text.name, publicBlob, unlock)];
  try {
    // Encrypted PEM without a .pub beside it: only the passphrase shows which key it is.
    const key = await unlock();
    return [keyIdentity(text.name, key.getPublicSSH(), async () => key)];
  } catch (error) {
    if (BerthError.is(error, 'credential.wrong-passphrase', 'credential.unreadable-key')) {
      context.onSkipped(error.message);
      return [];
    }
    throw error;
  }
}

/** Tries the remembered or stored passphrase, then asks up to three times. */
function unlocker(
  text: PrivateKeyText,
  context: IdentityContext,
  stored: Secret | undefined,
): () => Promise<ParsedKey> {
  return async () => {
    const { memory, hop } = context;
    const known = text.isEncrypted ? (memory.passphrases.get(text.name) ?? stored) : undefined;
    const key = text.unlock(known);
    if (key) {
      if (known) memory.passphrases.set(text.name, known);
      return key;
    }
    let wasWrong = known !== undefined;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const passphrase = await context.ask({
        kind: 'passphrase',
        subject: hop.name,
        keyName: text.name,
        wasWrong,
      });
      if (passphrase === undefined) throw wrongPassphrase(text, hop, 'was not given');
      // Before it is tried: a server may have hung up while the person was typing, and the next attempt must know it.
      memory.passphrases.set(text.name, passphrase);
      const unlocked = text.unlock(passphrase);
      if (unlocked) return unlocked;
      memory.passphrases.delete(text.name);
      wasWrong = true;
    }
    throw wrongPassphrase(text, hop, 'was wrong three times');
  };
}

function wrongPassphrase(text: PrivateKeyText, hop: Hop, what: string): BerthError {
  return new BerthError(
    'credential.wrong-passphrase',
    `The passphrase of the key ${text.name} ${what}. Try again, or choose another way to sign in to ${hop.name}.`,
    { details: { hop: hop.name, key: text.name } },
  );
}

function keyIdentity(name: string, publicBlob: Buffer, unlock: () => Promise<ParsedKey>): Identity {
  return {
    name,
    publicBlob,
    isOnlyOne: false,
    sign: async (data, hash) => {
      const signature: Buffer | Error = (await unlock()).sign(data, hash);
      if (signature instanceof Error) throw unreadable(name, 'could not sign.', signature);
      return signature;
    },
  };
}

function agentIdentity(socketPath: string, key: AgentKey): Identity {
  return {
    name: `agent key ${key.comment || key.fingerprint}`,
    publicBlob: key.blob,
    isOnlyOne: false,
    sign: (data, hash) => signWithAgent(socketPath, key.blob, data, hash),
  };
}

/** The agent's socket for this hop; undefined: none. */
export function agentPathOf(context: Pick<IdentityContext, 'hop' | 'env'>): string | undefined {
  const configured = context.hop.config.identityAgent?.value;
  if (configured === 'none') return undefined;
  return configured ?? (context.env.SSH_AUTH_SOCK || undefined);
}

async function agentKeysOrNone(context: IdentityContext): Promise<AgentKey[]> {
  const socketPath = agentPathOf(context);
  if (socketPath === undefined) return [];
  try {
    return await listAgentKeys(socketPath);
  } catch (error) {
    context.onSkipped(error instanceof Error ? error.message : String(error));
    return [];
  }
}

interface KeyFile {
  readonly text?: PrivateKeyText;
  readonly publicBlob?: Buffer | undefined;
  readonly problem?: string;
  readonly error?: BerthError;
}

/** A key file and its public half, from itself or from the .pub beside it; a .pub alone names a key of the agent. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const publicBlob =
    (await readPublicKeyFile(path.endsWith('.pub') ? path : `${path}.pub`)) ??
    (await readPublicKeyFile(path));
  try {
    if ((await stat(path)).size > MAX_KEY_FILE_BYTES) throw unreadable(path, 'is too large to be a key.');
    const content = await readFile(path, 'utf8');
    if (publicBlob !== undefined && !content.includes('PRIVATE KEY') && !content.startsWith('PuTTY'))
      return { publicBlob, error: unreadable(path, 'is a public key. Choose the file without .pub.') };
    const text = readPrivateKey(content, path);
    return { text, publicBlob: text.publicBlob ?? publicBlob };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { publicBlob };
    const known = BerthError.is(error)
      ? error
      : unreadable(path, 'cannot be opened. Check its permissions.', error);
    return { publicBlob, problem: known.message, error: known };
  }
}

async function readPublicKeyFile(path: string): Promise<Buffer | undefined> {
  const content = await readFile(path, 'utf8').catch(() => '');
  const [type, base64] = content.trim().split(/\s+/);
  if (!type || !base64 || !/^(ssh|ecdsa|sk)-/.test(type)) return undefined;
  return Buffer.from(base64, 'base64');
}

async function fingerprintOfFile(path: string, context: IdentityContext): Promise<string> {
  const { publicBlob } = await readKeyFile(expandHome(path, context.homeFolder));
  if (publicBlob) return fingerprintOfKey(publicBlob);
  throw unreadable(
    path,
    'is neither a fingerprint nor a public key file. Give SHA256:… or the path of the .pub file.',
  );
}

function expandHome(path: string, homeFolder: string): string {
  return path === '~' || path.startsWith('~/') ? join(homeFolder, path.slice(1)) : path;
}
