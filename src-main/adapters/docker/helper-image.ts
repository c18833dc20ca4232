/**
 * The image of helper containers: a few empty folders, links, and our programs; everything else is the host's own /usr,
 * mounted. It is imported through the engine, since none can be pulled, and named by its content: another Berth's version
 * is another image. Must not hold anything that differs between hosts of one layout.
 */
import { createHash } from 'node:crypto';
import type { HostImage } from '#contract/hosts.ts';
import { engineAnswerError, engineTransportError } from './docker-error.ts';
import { cancelledError, type EngineClient } from './engine-client.ts';
import { asList, asRecord, asTexts } from './engine-json.ts';
import { jsonLines } from './json-lines.ts';
import { errorInLine } from './pull-progress.ts';
import { tarArchive, type TarSource } from './tar-archive.ts';

/** Texts of resources/remote that run in helpers, with the host's own Python. */
export interface HelperPrograms {
  readonly snapshotHelper: Buffer;
  readonly hostTools: Buffer;
  readonly dialRelay: Buffer;
  readonly fileAgent: Buffer;
}

/** `merged`: /bin, /lib and so on are links into /usr, as on most systems of today. `split`: they are folders. */
export type HostLayout = 'merged' | 'split';

export interface HelperImage {
  readonly reference: string;
  readonly archive: Buffer;
}

export const SNAPSHOT_HELPER_PATH = '/berth/snapshot-helper.py';
export const DIAL_RELAY_PATH = '/berth/dial-relay.py';
export const FILE_AGENT_PATH = '/berth/file-agent.py';
export const HOST_TOOLS_PATH = '/berth/host-tools.py';

const REPOSITORY = 'berth-helper';
/** Mount points; the engine can make others. /sbin is where Docker puts its init: a link or mount there would hide it. */
const FOLDERS = ['usr', 'sbin', 'proc', 'sys', 'dev', 'etc', 'tmp', 'run', 'src', 'store', 'dst', 'engine'];
const LINKS = ['bin', 'lib', 'lib32', 'lib64', 'libx32'];
export const SPLIT_FOLDERS = ['bin', 'lib', 'lib64'] as const;
const IMPORT_TIMEOUT_MS = 60_000;

export function helperImage(
  { snapshotHelper, hostTools, dialRelay, fileAgent }: HelperPrograms,
  layout: HostLayout,
): HelperImage {
  const folder = (path: string): TarSource => ({ path, mode: 0o755 });
  const archive = tarArchive([
    ...FOLDERS.map(folder),
    ...(layout === 'merged'
      ? LINKS.map((path) => ({ path, mode: 0o777, linkTo: `usr/${path}` }))
      : SPLIT_FOLDERS.map(folder)),
    // ssh(1) does not go anywhere for a user without a name.
    { path: 'etc/passwd', mode: 0o444, content: Buffer.from('root:x:0:0:root:/:/bin/sh\n') },
    folder('berth'),
    { path: SNAPSHOT_HELPER_PATH.slice(1), mode: 0o555, content: snapshotHelper },
    { path: HOST_TOOLS_PATH.slice(1), mode: 0o555, content: hostTools },
    { path: DIAL_RELAY_PATH.slice(1), mode: 0o555, content: dialRelay },
    { path: FILE_AGENT_PATH.slice(1), mode: 0o555, content: fileAgent },
  ]);
  const tag = createHash('sha256').update(archive).digest('hex').slice(0, 16);
  return { reference: `${REPOSITORY}:${tag}`, archive };
}

/** Idempotent. Takes the older ones away, where nothing uses them. */
export async function importHelperImage(
  client: EngineClient,
  { reference, archive }: HelperImage,
  signal?: AbortSignal,
): Promise<void> {
  const [repo = '', tag = ''] = reference.split(':');
  try {
    const answer = await client.stream({
      method: 'POST',
      path: '/images/create',
      query: { fromSrc: '-', repo, tag, changes: 'LABEL dev.berth.managed=1' },
      archive,
      subject: 'image',
      details: { image: reference },
      timeoutMs: IMPORT_TIMEOUT_MS,
      signal,
    });
    for await (const line of jsonLines(answer)) {
      const message = errorInLine(line);
      if (message !== undefined) throw engineAnswerError('image', 200, message, { image: reference });
    }
  } catch (error) {
    if (signal?.aborted) throw cancelledError(signal.reason);
    throw engineTransportError(error);
  }
  await removeOthers(client, reference, signal).catch(() => undefined);
}

async function removeOthers(
  client: EngineClient,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const query = { filters: JSON.stringify({ reference: [REPOSITORY] }) };
  const list = await client.json({ method: 'GET', path: '/images/json', query, subject: 'image', signal });
  for (const name of asList(list).flatMap((image) => asTexts(asRecord(image).RepoTags)))
    if (isHelperReference(name) && !name.endsWith(reference))
      // 409: a helper of the older kind is still there.
      await client.call({
        method: 'DELETE',
        path: `/images/${name}`,
        subject: 'image',
        accept: [404, 409],
        signal,
      });
}

/** Podman puts `localhost/` before a name without a registry. */
function isHelperReference(name: string): boolean {
  return new RegExp(`^(localhost/)?${REPOSITORY}:[0-9a-f]{16}$`).test(name);
}

/** The image as people see it; none when it is ours alone. */
export function withoutHelperImages(image: HostImage): HostImage[] {
  const references = image.references.filter((name) => !isHelperReference(name));
  if (references.length === image.references.length) return [image];
  return references.length === 0 ? [] : [{ ...image, references }];
}
