/** Hosts: machines that Berth drives, over SSH or on this computer. Shapes and methods. */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import type { ErrorCode } from './error-codes.ts';
import { CredentialId, HostId, QuestionId } from './ids.ts';
import { Bytes, DisplayName, Instant, line } from './text.ts';

/** A DNS name or IP address. Never begins with a dash, holds no space, `@` or slash. */
export const HostAddress = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(255, 'must have at most 255 characters')
  .regex(/^[A-Za-z0-9_:%[\].][A-Za-z0-9_:%[\].-]*$/, 'must be a host name or an IP address');
export const PortNumber = z.number().int().min(1, 'must be 1 to 65535').max(65_535, 'must be 1 to 65535');
/** A login name as `useradd` and directory services allow it. */
export const LoginName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(128)
  .regex(/^[^\s\u0000-\u001f\u007f:/]+$/, 'must be a login name')
  .refine((value) => !value.startsWith('-'), 'must not begin with a dash');

/** How to prove who we are. `automatic`: what the SSH configuration and the agent offer, then ask. */
export const SshAuth = z.discriminatedUnion('method', [
  z.object({ method: z.literal('automatic') }),
  z.object({
    method: z.literal('agent'),
    /** SHA-256 fingerprint or public key file of the one key to offer; null offers at most five. */
    key: z.string().max(4096).nullable(),
  }),
  z.object({
    method: z.literal('key'),
    /** A private key kept in the keychain, or the path of a file on this computer. */
    source: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('credential'), credentialId: CredentialId }),
      z.object({ kind: z.literal('file'), path: z.string().min(1).max(4096) }),
    ]),
    passphraseId: CredentialId.nullable(),
  }),
  z.object({ method: z.literal('password'), credentialId: CredentialId.nullable() }),
  z.object({ method: z.literal('keyboard-interactive') }),
]);
export type SshAuth = z.infer<typeof SshAuth>;

export const SshHop = z.object({
  address: HostAddress,
  port: PortNumber.default(22),
  user: LoginName,
  auth: SshAuth,
});
export type SshHop = z.infer<typeof SshHop>;

export const LocalDefinition = z.object({
  kind: z.literal('local'),
  /** Path of the engine's socket; null finds it the way the Docker CLI does. */
  socketPath: z.string().min(1).max(4096).nullable(),
});
export const SshDefinition = z
  .object({
    kind: z.literal('ssh'),
    /**
     * A name in `~/.ssh/config`, resolved anew at each connect; the fields below then only override what the person set
     * (null = as configured). Without it address and user are required.
     */
    configName: z.string().min(1).max(255).nullable(),
    address: HostAddress.nullable(),
    port: PortNumber.nullable(),
    user: LoginName.nullable(),
    auth: SshAuth,
    /** Outermost first. Empty: none, or as the configuration's ProxyJump says. */
    jumps: z.array(SshHop).max(8),
    /** Path of the engine's socket on the host; null looks for the usual ones. */
    engineSocket: z.string().min(1).max(4096).regex(/^\//, 'must be an absolute path').nullable(),
  })
  .superRefine(({ configName, address, user }, context) => {
    const missing = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (configName !== null) return;
    if (address === null) missing('address', 'must not be empty: type a host name or an IP address');
    if (user === null) missing('user', 'must not be empty: type the user to sign in as');
  });
export const HostDefinition = z.discriminatedUnion('kind', [LocalDefinition, SshDefinition]);
export type LocalDefinition = z.infer<typeof LocalDefinition>;
export type SshDefinition = z.infer<typeof SshDefinition>;
export type HostDefinition = z.infer<typeof HostDefinition>;

export const ConnectStep = z.enum([
  'resolving',
  'dialling',
  'verifying-key',
  'authenticating',
  'reaching-engine',
  'probing',
]);
export type ConnectStep = z.infer<typeof ConnectStep>;

/** Connection state as a value. `ready` is said only after an end-to-end round trip to the engine. */
export const HostState = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('disconnected') }),
  z.object({
    phase: z.literal('connecting'),
    step: ConnectStep,
    attempt: z.number().int(),
    hop: z.string().nullable(),
  }),
  z.object({
    phase: z.literal('ready'),
    sinceAt: Instant,
    roundTripMs: z.number().nullable(),
    /** How the engine is reached; `none` = the machine answers but has no usable engine (`engineError` says why). */
    engineRoute: z.enum(['stream-forward', 'dial-stdio', 'local-socket', 'none']),
    engineError: ErrorShape.nullable(),
  }),
  z.object({
    phase: z.literal('lost'),
    sinceAt: Instant,
    attempt: z.number().int(),
    /** When the next attempt begins; null while one is under way or a network is waited for. */
    retryAt: Instant.nullable(),
    /** This computer has no network: the next attempt begins when it has one. */
    isWaitingForNetwork: z.boolean(),
    error: ErrorShape,
  }),
  z.object({ phase: z.literal('needs-you'), questionId: QuestionId }),
  /** Trying again by itself would not help (wrong password, changed key): waits for the person. */
  z.object({ phase: z.literal('failed'), atAt: Instant, error: ErrorShape }),
]);
export type HostState = z.infer<typeof HostState>;

/** What the last connection learnt about the machine; shown with its age while it is away. */
export const HostFacts = z.object({
  readAt: Instant,
  hostname: z.string().nullable(),
  operatingSystem: z.string().nullable(),
  kernel: z.string().nullable(),
  architecture: z.string().nullable(),
  cpus: z.number().nullable(),
  memoryBytes: Bytes.nullable(),
  engineName: z.string().nullable(),
  engineVersion: z.string().nullable(),
  engineApiVersion: z.string().nullable(),
  runtimes: z.array(z.string()),
  tmuxVersion: z.string().nullable(),
  zstdVersion: z.string().nullable(),
  sshServer: z.string().nullable(),
  hostKey: z.object({ type: z.string(), fingerprint: z.string() }).nullable(),
});
export type HostFacts = z.infer<typeof HostFacts>;

export const Host = z.object({
  id: HostId,
  name: DisplayName,
  definition: HostDefinition,
  /** What the person wants: Berth keeps the connection up, or leaves it alone. */
  desired: z.enum(['connected', 'disconnected']),
  state: HostState,
  facts: HostFacts.nullable(),
  addedAt: Instant,
  lastReadyAt: Instant.nullable(),
});
export type Host = z.infer<typeof Host>;

export const Finding = z.object({
  /** Stable name of the check, as `engine-version`. */
  check: z.string(),
  level: z.enum(['ok', 'note', 'warning', 'problem']),
  title: z.string(),
  /** What was found, in one sentence. */
  detail: z.string(),
  why: z.string(),
  /** What mends it, if anything does: a command, perhaps with a remark, or words. Shown and copied, never run by itself. */
  fix: z.string().nullable(),
  /** The fix where it is one command for a shell on the host, without its remark: fit to be `typed` into a terminal. */
  command: z.string().nullable(),
});
export type Finding = z.infer<typeof Finding>;

/** Something on this computer that can become a host with one click. */
export const HostCandidate = z.object({
  source: z.enum(['engine-socket', 'ssh-config', 'known-agent']),
  name: z.string(),
  detail: z.string(),
  definition: HostDefinition,
});
export type HostCandidate = z.infer<typeof HostCandidate>;

export const HostImage = z.object({
  id: z.string(),
  references: z.array(z.string()),
  sizeBytes: Bytes,
  createdAt: Instant.nullable(),
});
export type HostImage = z.infer<typeof HostImage>;

const connectErrors = [
  'host.unreachable',
  'host.not-ssh',
  'host.auth-failed',
  'host.algorithm-mismatch',
  'host.key-unknown',
  'host.key-changed',
  'host.key-revoked',
  'host.agent-unavailable',
  'host.ssh-config-invalid',
  'host.sessions-exhausted',
  'engine.unreachable',
  'engine.permission-denied',
  'engine.forwarding-denied',
  'engine.too-old',
  'engine.failed',
  'credential.keychain-unavailable',
  'credential.vault-locked',
  'credential.wrong-passphrase',
  'credential.unreadable-key',
  'credential.missing',
  'question.expired',
  'timed-out',
] as const satisfies readonly ErrorCode[];

const byId = z.object({ id: HostId });

export const hostMethods = {
  'hosts.watch': stream({
    summary: 'All hosts with their connection states, then every change',
    scope: 'hosts.read',
    input: z.object({}),
    item: collectionItem(Host),
    errors: [],
    rest: { method: 'GET', path: '/hosts', shape: 'collection' },
  }),
  'hosts.candidates': call({
    summary:
      'What this computer already knows: engine sockets, names in the SSH configuration, a running agent',
    // It tells of the computer that Berth runs on, not of hosts in Berth.
    scope: 'hosts.write',
    input: z.object({}),
    output: z.object({
      candidates: z.array(HostCandidate),
      agent: z
        .object({
          socketPath: z.string(),
          keys: z.array(z.object({ comment: z.string(), type: z.string(), fingerprint: z.string() })),
        })
        .nullable(),
      /** Lines of the SSH configuration that could not be used, with their reason. */
      warnings: z.array(z.string()),
    }),
    errors: [],
    rest: { method: 'GET', path: '/hosts/candidates' },
  }),
  'hosts.interpret': call({
    summary:
      'Reads `user@host:port`, a name of the SSH configuration or a pasted `ssh …` command into a definition',
    // With what this computer's SSH configuration says of it.
    scope: 'hosts.write',
    input: z.object({ text: line(2000) }),
    output: z.object({
      name: z.string(),
      definition: SshDefinition,
      effective: z.array(z.object({ label: z.string(), value: z.string(), source: z.string() })),
    }),
    errors: ['host.ssh-config-invalid'],
    rest: { method: 'POST', path: '/hosts/interpret' },
  }),
  'hosts.test': call({
    summary: 'Connects to a definition without saving it, asks what must be asked, and says what it found',
    scope: 'hosts.write',
    input: z.object({ definition: HostDefinition, hostId: HostId.nullable() }),
    output: z.object({
      facts: HostFacts,
      findings: z.array(Finding),
      roundTripMs: z.number(),
      engineRoute: z.string(),
    }),
    errors: [...connectErrors, 'host.command-failed'],
    rest: { method: 'POST', path: '/hosts/test' },
  }),
  'hosts.add': call({
    summary: 'Adds a host and begins to connect',
    scope: 'hosts.write',
    input: z.object({ name: DisplayName, definition: HostDefinition }),
    output: Host,
    errors: ['host.name-taken', 'credential.missing'],
    rest: { method: 'POST', path: '/hosts', creates: 'id' },
  }),
  'hosts.edit': call({
    summary: 'Changes name or definition; a changed definition reconnects',
    scope: 'hosts.write',
    input: z.object({ id: HostId, name: DisplayName.optional(), definition: HostDefinition.optional() }),
    output: Host,
    errors: ['host.name-taken', 'credential.missing'],
    rest: { method: 'PATCH', path: '/hosts/:id' },
  }),
  'hosts.remove': call({
    summary: 'Berth forgets the host; nothing on it is touched',
    scope: 'hosts.write',
    input: byId,
    output: z.object({}),
    /** `conflict`: it is a machine that Berth rents. */
    errors: ['conflict'],
    rest: { method: 'DELETE', path: '/hosts/:id' },
  }),
  'hosts.connect': call({
    summary: 'Keeps the host connected from now on; tries at once',
    scope: 'hosts.write',
    input: byId,
    output: Host,
    /** `conflict`: it is a machine that sleeps. */
    errors: ['conflict'],
    rest: { method: 'POST', path: '/hosts/:id/connect' },
  }),
  'hosts.disconnect': call({
    summary: 'Closes the connection and leaves it closed',
    scope: 'hosts.write',
    input: byId,
    output: Host,
    errors: [],
    rest: { method: 'POST', path: '/hosts/:id/disconnect' },
  }),
  'hosts.wake': call({
    summary:
      'Tells that this computer woke or its network changed: connections are probed now, lost ones tried now',
    // It changes nothing that a person decides, and the plane takes one a second.
    scope: 'hosts.read',
    input: z.object({ reason: z.enum(['online', 'visible', 'sleep']) }),
    output: z.object({}),
    errors: [],
    rest: { method: 'POST', path: '/hosts/wake' },
  }),
  'hosts.replaceKey': call({
    summary: 'Trusts a changed host key in place of the old one; both fingerprints must be given as shown',
    scope: 'hosts.write',
    input: z.object({ id: HostId, oldFingerprint: z.string().max(200), newFingerprint: z.string().max(200) }),
    output: Host,
    errors: ['conflict', 'host.ssh-config-invalid'],
    rest: { method: 'PUT', path: '/hosts/:id/key' },
  }),
  'hosts.doctor': stream({
    summary: 'Checks the host and yields each finding as it is known',
    // What is weak about a host is for those who can mend it.
    scope: 'hosts.write',
    input: byId,
    item: Finding,
    errors: [
      'host.not-connected',
      'host.command-failed',
      'host.sessions-exhausted',
      'engine.failed',
      'timed-out',
    ],
    rest: { method: 'GET', path: '/hosts/:id/doctor', shape: 'items' },
  }),
  'hosts.images': call({
    summary: 'Images that the host already has',
    scope: 'hosts.read',
    input: byId,
    output: z.object({ images: z.array(HostImage) }),
    errors: [
      'host.not-connected',
      'engine.unreachable',
      'engine.permission-denied',
      'engine.forwarding-denied',
      'engine.too-old',
      'engine.failed',
      'timed-out',
    ],
    rest: { method: 'GET', path: '/hosts/:id/images' },
  }),
};
