/** How much of a container's own file system differs from its image: what is lost when the container is made anew. */
import { type EngineClient, pathPart } from './engine-client.ts';
import { asList, asRecord, asText } from './engine-json.ts';

/** The engine compares layers entry by entry; a container that installed much has tens of thousands. */
const CHANGES_TIMEOUT_MS = 120_000;
/**
 * What programs and the engine itself write in passing, and nobody misses: scratch, caches, logs, package lists, what the
 * kernel shows as files, and the places where engines mount files of their own.
 */
const TRANSIENT_PATHS = [
  '/sbin/docker-init',
  '/usr/sbin/docker-init',
  '/usr/bin/docker-init',
  '/etc/hosts',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/etc/mtab',
  '/tmp',
  '/run',
  '/var/run',
  '/var/tmp',
  '/var/cache',
  '/var/log',
  '/var/lib/apt/lists',
  '/dev',
  '/proc',
  '/sys',
];

export async function countChanges(
  client: EngineClient,
  id: string,
  { except, signal }: { except: readonly string[]; signal: AbortSignal | undefined },
): Promise<number> {
  const list = await client.json({
    method: 'GET',
    path: `/containers/${pathPart(id)}/changes`,
    subject: 'container',
    timeoutMs: CHANGES_TIMEOUT_MS,
    signal,
  });
  return countOwnChanges(
    asList(list).map((item) => asText(asRecord(item).Path)),
    except,
  );
}

/**
 * Counts the leaves among the changed paths: a folder counts only where nothing in it is listed, since the engine names
 * every folder above a change. Not counted: what is in or above `except`, and `TRANSIENT_PATHS`.
 */
export function countOwnChanges(paths: readonly string[], except: readonly string[]): number {
  const parents = new Set<string>();
  for (const path of [...paths, ...except])
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      parents.add(path.slice(0, end));
  const left = [...TRANSIENT_PATHS, ...except.map((path) => path.replace(/\/+$/, ''))];
  return paths.filter(
    (path) =>
      path !== '' &&
      !parents.has(path) &&
      !left.some((folder) => path === folder || path.startsWith(`${folder}/`)),
  ).length;
}
