/**
 * The one place where failures of the engine, of Node's sockets and of registries become Berth's codes: by table, first
 * match wins. Guarantees that the engine's own text is bounded, printable and never the only thing that is said.
 */
import { BerthError, type ErrorDetails } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';

/** What a call was about; decides what "404" or "409" means. */
export type Subject =
  | 'engine'
  | 'image'
  | 'pull'
  | 'build'
  | 'container'
  | 'create'
  | 'start'
  | 'volume'
  | 'network'
  | 'exec';

interface Row {
  readonly pattern?: RegExp;
  readonly status?: readonly number[];
  readonly subjects?: readonly Subject[];
  readonly code: ErrorCode;
  /** What happened and what to do; the engine's own words go to `details.engineMessage`. */
  readonly message: string;
}

/** Order matters: what names the true cause stands above what names only where it was noticed. */
const rows: readonly Row[] = [
  {
    pattern:
      /no space left on device|disk quota exceeded|not enough (free )?space|have enough free space|ENOSPC/i,
    code: 'host.disk-full',
    message:
      'The disk of the host is full. Free some space there (docker system df shows what Docker holds).',
  },
  {
    pattern:
      /no matching manifest for|does not match the specified platform|image operating system .* cannot be used|exec format error|cannot be used on this platform/i,
    code: 'image.wrong-platform',
    message:
      'The image is not made for the processor or system of this host. Choose an image or tag that is.',
  },
  {
    subjects: ['pull'],
    pattern: /toomanyrequests|too many requests|rate limit/i,
    code: 'image.pull-failed',
    message:
      'The registry allows no more pulls for now (rate limit). Wait, or sign the host in with docker login.',
  },
  {
    subjects: ['pull'],
    pattern: /x509|certificate|tls:|server gave HTTP response to HTTPS client/i,
    code: 'image.pull-failed',
    message: 'The registry could not be trusted (TLS). Check its certificate and the clock of the host.',
  },
  {
    subjects: ['pull'],
    pattern: /dial tcp: lookup|no such host|server misbehaving|name resolution|name or service not known/i,
    code: 'image.pull-failed',
    message: 'The host does not find the registry by its name. Check the name, and DNS on the host.',
  },
  {
    subjects: ['pull'],
    pattern:
      /connection refused|i\/o timeout|deadline exceeded|TLS handshake timeout|no route to host|network is unreachable|connection reset|unexpected EOF|Client\.Timeout/i,
    code: 'image.pull-failed',
    message: 'The host could not reach the registry, or lost it on the way. Check its network and try again.',
  },
  {
    // Docker Hub says this for "private" and "does not exist" alike; naming both is the truth.
    subjects: ['pull'],
    pattern: /pull access denied|repository does not exist or may require/i,
    code: 'image.access-denied',
    message:
      'The registry does not give out this image: it does not exist, or needs docker login on the host. Check its name.',
  },
  {
    subjects: ['pull'],
    pattern: /unauthorized|authentication required|no basic auth credentials|denied|forbidden/i,
    code: 'image.access-denied',
    message: 'The registry refused access to this image. Sign the host in with docker login.',
  },
  {
    subjects: ['pull'],
    pattern: /manifest unknown|manifest for .* not found|not found|name unknown|NAME_UNKNOWN/i,
    code: 'image.not-found',
    message: 'The registry has no such image or tag. Check the spelling of both.',
  },
  {
    subjects: ['pull'],
    pattern: /invalid reference format|invalid repository name/i,
    code: 'image.invalid-reference',
    message: 'The engine does not take this as an image reference.',
  },
  {
    subjects: ['pull'],
    status: [404],
    code: 'image.not-found',
    message: 'The registry has no such image or tag. Check the spelling of both.',
  },
  { subjects: ['pull'], code: 'image.pull-failed', message: 'The image could not be pulled.' },
  {
    subjects: ['build'],
    pattern:
      /pull access denied|manifest unknown|manifest for .* not found|registry-1|\/v2\/|toomanyrequests|auth\.docker\.io/i,
    code: 'image.build-failed',
    message:
      'The image that it is built upon could not be pulled. Check that the host reaches its registry, or load that image there (docker load).',
  },
  {
    subjects: ['build'],
    pattern:
      /temporary failure resolving|could not resolve|could not connect|unable to connect|timed out|network is unreachable|no such host/i,
    code: 'image.build-failed',
    message:
      'The build could not fetch what it needs. Check that containers on the host reach the network: DNS, and the proxy of its engine.',
  },
  {
    subjects: ['build'],
    code: 'image.build-failed',
    message: 'The image could not be built; the log of the operation ends with why.',
  },
  {
    subjects: ['create', 'image'],
    status: [404],
    pattern: /no such image|image .* not (known|found)|does not exist|No such image/i,
    code: 'image.not-found',
    message: 'The host does not have this image.',
  },
  {
    pattern:
      /unknown or invalid runtime|unknown runtime|runtime .* not found|invalid runtime name|could not find runtime/i,
    code: 'workspace.runtime-missing',
    message:
      'The host does not have this container runtime. Install it there, or choose another in the project.',
  },
  {
    pattern: /docker-init|catatonit/i,
    code: 'workspace.start-failed',
    message:
      'The engine lacks its init program. Install it on the host (docker-init or tini; with Podman, catatonit).',
  },
  {
    subjects: ['start'],
    pattern:
      /OCI runtime|failed to create (shim|task)|unable to find user|runc|crun|no such file or directory/i,
    code: 'workspace.start-failed',
    message: 'The container could not be started.',
  },
  {
    subjects: ['volume'],
    status: [409],
    code: 'workspace.volume-in-use',
    message: 'A container still uses this volume. Destroy that container first.',
  },
  {
    subjects: ['network'],
    pattern: /non-overlapping|address pools?|subnet.*exhaust/i,
    code: 'engine.failed',
    message:
      'The engine has no free address range for another network. Destroy workspaces, or widen default-address-pools in its daemon.json.',
  },
  {
    subjects: ['exec', 'container', 'start'],
    pattern: /is not running|is paused|is restarting|container state improper/i,
    code: 'workspace.not-running',
    message: 'The container is not running.',
  },
  { status: [404], code: 'not-found', message: 'The host does not have it any more.' },
  {
    status: [409],
    code: 'conflict',
    message: 'The engine refused: it is in use, or changed in the meantime.',
  },
  {
    subjects: ['network'],
    status: [403],
    code: 'conflict',
    message: 'A container is still on this network.',
  },
  { status: [401, 403], code: 'engine.permission-denied', message: 'The engine does not allow this.' },
  {
    pattern: /client version .* is too (old|new)/i,
    code: 'engine.failed',
    message: 'The engine changed the versions that it speaks. Connect to the host again.',
  },
  { status: [503], code: 'engine.unreachable', message: 'The engine is there and not ready. Try again.' },
];

/** An answer of the engine that is not a success, or an error inside a successful one (`status` 200). */
export function engineAnswerError(
  subject: Subject,
  status: number,
  engineText: string,
  details: ErrorDetails = {},
): BerthError {
  const engineMessage = printable(engineText);
  const row = rows.find(
    (candidate) =>
      (candidate.subjects === undefined || candidate.subjects.includes(subject)) &&
      (candidate.status === undefined || candidate.status.includes(status)) &&
      (candidate.pattern === undefined || candidate.pattern.test(engineMessage)),
  ) ?? { code: 'engine.failed' as const, message: 'The container engine refused.' };
  const message = engineMessage === '' ? row.message : `${row.message} The engine says: ${engineMessage}`;
  return new BerthError(row.code, message, { details: { ...details, engineMessage } });
}

const unreachable =
  'Nothing answers on the socket of the container engine. Is it installed and started on the host?';
const lost = 'The connection to the container engine was lost.';
const transportCodes: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  ECONNREFUSED: { code: 'engine.unreachable', message: unreachable },
  ENOENT: { code: 'engine.unreachable', message: unreachable },
  ENOTSOCK: { code: 'engine.unreachable', message: unreachable },
  EACCES: {
    code: 'engine.permission-denied',
    message:
      'No permission to use the socket of the container engine. Add the user to the docker group and sign in anew.',
  },
  EPERM: {
    code: 'engine.permission-denied',
    message:
      'No permission to use the socket of the container engine. Add the user to the docker group and sign in anew.',
  },
  ECONNRESET: { code: 'connection-lost', message: lost },
  EPIPE: { code: 'connection-lost', message: lost },
  ETIMEDOUT: { code: 'connection-lost', message: lost },
  ERR_STREAM_PREMATURE_CLOSE: { code: 'connection-lost', message: lost },
  ERR_STREAM_DESTROYED: { code: 'connection-lost', message: lost },
  ERR_STREAM_WRITE_AFTER_END: { code: 'connection-lost', message: lost },
};

/** What went wrong on the way to the engine. Berth's own errors (from the connection underneath) pass as they are. */
export function engineTransportError(error: unknown): BerthError {
  if (error instanceof BerthError) return error;
  const { code, message } = errorFacts(error);
  const known = transportCodes[code];
  if (known) return new BerthError(known.code, known.message, { cause: error });
  if (code.startsWith('HPE_') || /parse error/i.test(message))
    return new BerthError(
      'engine.failed',
      'What answers on the socket does not speak HTTP: it is no container engine.',
      {
        cause: error,
      },
    );
  if (/socket hang up|aborted|closed/i.test(message))
    return new BerthError('connection-lost', lost, { cause: error });
  return new BerthError('engine.failed', 'The container engine could not be asked.', { cause: error });
}

function errorFacts(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: '' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, message: error.message };
}

const MAX_ENGINE_TEXT = 600;

/** The engine's words, safe to show: no control characters, one line, bounded. */
export function printable(text: string): string {
  const clean = text
    .slice(0, MAX_ENGINE_TEXT * 4)
    // Controls (which reach terminals), line ends, and what reverses or hides text.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return clean.length > MAX_ENGINE_TEXT ? `${clean.slice(0, MAX_ENGINE_TEXT)}…` : clean;
}
