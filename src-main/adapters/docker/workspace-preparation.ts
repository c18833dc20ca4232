/**
 * What must be known and done before a workspace's container is made: whether the image has a shell, who its users are,
 * whether the engine may raise the limit of open files, and that the volume's top folder belongs to the one who will work
 * in it. (A new volume on a path that the image lacks belongs to root, and a workspace without capabilities could not
 * write to its own files.)
 *
 * All of it through a container that no program of the image ever runs in: the engine reads and writes files of a container
 * that was only created. So it needs no capability, no `chown` in the image, and trusts nothing in it. That container is
 * labelled, has a name derived from the workspace's, and is removed at the end whatever happens; what a crash leaves is
 * removed by the next preparation, by `sweepPreparations`, or with the volume.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceContainerSpec } from '../../control-plane/interfaces/container-engine.ts';
import { PREPARES_LABEL, removeByForce } from './container-inspection.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { asCount, asList, asRecord, asText, asTexts } from './engine-json.ts';
import { chooseUser } from './image-user.ts';
import { firstTarEntry, folderArchive, type TarEntry } from './tar-archive.ts';
import type { ContainerUser, ImageFacts } from './workspace-container.ts';

export interface Preparation {
  readonly image: ImageFacts;
  readonly user: ContainerUser;
  readonly canLimitOpenFiles: boolean;
  readonly warnings: readonly string[];
}

export interface PreparationDeps {
  readonly client: EngineClient;
  /** User and group number that root of a container has on the host; 0 without user namespaces. */
  readonly rootId: { readonly uid: number; readonly gid: number };
  /** Asked once per connection. */
  readonly canLimitOpenFiles: (probe: () => Promise<boolean>) => Promise<boolean>;
}

const MAX_PASSWD_BYTES = 1024 * 1024;
/** Cannot be in an image by accident; the engine looks for it only in the probe. */
const NO_PROGRAM = '/.berth-prepares';

export async function prepareWorkspace(
  deps: PreparationDeps,
  spec: WorkspaceContainerSpec,
  signal: AbortSignal | undefined,
): Promise<Preparation> {
  const { client } = deps;
  const inspected = asRecord(
    await client.json({
      method: 'GET',
      path: `/images/${spec.image}/json`,
      subject: 'create',
      details: { image: spec.image },
      signal,
    }),
  );
  const config = asRecord(inspected.Config);
  const name = `${spec.containerName}-prepare`;
  await removeByForce(client, name, signal);
  const id = await createCarrier(client, spec, name, signal);
  try {
    const [passwd, group, hasShell, canLimitOpenFiles] = await Promise.all([
      readSmallFile(client, id, '/etc/passwd', signal),
      readSmallFile(client, id, '/etc/group', signal),
      entryAt(client, id, '/bin/sh', signal).then((found) => found !== undefined),
      deps.canLimitOpenFiles(() => startsWithinLimits(client, id, signal)),
    ]);
    const user = chooseUser(spec.profile, { user: asText(config.User), passwd, group });
    const warnings = await handOverVolume(deps, { spec, id, user, signal });
    return {
      image: {
        entrypoint: asTexts(config.Entrypoint),
        command: asTexts(config.Cmd),
        environment: asTexts(config.Env),
        workingFolder: asText(config.WorkingDir),
        stopSignal: asText(config.StopSignal),
        hasShell,
      },
      user,
      canLimitOpenFiles,
      warnings,
    };
  } finally {
    // Also when cancelled: that is when it matters.
    await removeByForce(client, id, undefined);
  }
}

/** Removes what crashes left: containers that prepare, older than `olderThanMs`, or those that hold `volumeName`. */
export async function sweepPreparations(
  client: EngineClient,
  which: { readonly createdBeforeMs: number } | { readonly volumeName: string },
  signal?: AbortSignal,
): Promise<number> {
  const filters: Record<string, string[]> = { label: [PREPARES_LABEL] };
  if ('volumeName' in which) filters.volume = [which.volumeName];
  const query = { all: 1, filters: JSON.stringify(filters) };
  const list = asList(
    await client.json({ method: 'GET', path: '/containers/json', query, subject: 'container', signal }),
  );
  let removed = 0;
  for (const item of list) {
    const { Id, Created } = asRecord(item);
    if ('createdBeforeMs' in which && asCount(Created) * 1000 >= which.createdBeforeMs) continue;
    await removeByForce(client, asText(Id), signal);
    removed++;
  }
  return removed;
}

async function createCarrier(
  client: EngineClient,
  spec: WorkspaceContainerSpec,
  name: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const body = {
    Image: spec.image,
    Entrypoint: [NO_PROGRAM],
    Cmd: [],
    User: '65534:65534',
    Labels: { [PREPARES_LABEL]: spec.containerName },
    NetworkDisabled: true,
    HostConfig: {
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      CapAdd: [],
      SecurityOpt: ['no-new-privileges:true'],
      PidsLimit: 16,
      Ulimits: [{ Name: 'nofile', Soft: 16_384, Hard: 16_384 }],
      Mounts: [{ Type: 'volume', Source: spec.volumeName, Target: spec.mountPoint }],
      RestartPolicy: { Name: 'no' },
    },
  };
  const created = asRecord(
    await client.json({
      method: 'POST',
      path: '/containers/create',
      query: { name },
      body,
      subject: 'create',
      details: { image: spec.image },
      timeoutMs: 120_000, // copies what the image has at the mount point into a new volume
      signal,
    }),
  );
  return asText(created.Id);
}

/**
 * Does the engine start a container with our limit of open files? It cannot where it runs without CAP_SYS_RESOURCE under a
 * lower limit of its own, and says so only when a container starts. The program does not exist, so the start fails in any
 * case; limits are set before it is looked for, so what the failure names tells.
 */
async function startsWithinLimits(
  client: EngineClient,
  id: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await client.call({
      method: 'POST',
      path: `/containers/${pathPart(id)}/start`,
      subject: 'start',
      signal,
    });
    return true;
  } catch (error) {
    if (BerthError.is(error, 'cancelled', 'connection-lost', 'timed-out')) throw error;
    return !(error instanceof BerthError && /rlimit|ulimit/i.test(String(error.details.engineMessage)));
  }
}

/** Makes the user the owner of the volume's top folder if it is still root's. Returns what a person should know. */
async function handOverVolume(
  { client, rootId }: PreparationDeps,
  {
    spec,
    id,
    user,
    signal,
  }: { spec: WorkspaceContainerSpec; id: string; user: ContainerUser; signal: AbortSignal | undefined },
): Promise<string[]> {
  if (user.uid === undefined || user.uid === 0) return [];
  const top = await entryAt(client, id, spec.mountPoint, signal);
  if (top === undefined) return [];
  // Engines differ in whether they tell a container's numbers or the host's where user namespaces shift them.
  const owner = top.uid >= rootId.uid ? top.uid - rootId.uid : top.uid;
  if (owner === user.uid) return [];
  if (owner !== 0)
    return [
      `The files in the volume ${spec.volumeName} belong to user ${owner}; this workspace runs as user ${user.uid} and may not be able to change them.`,
    ];
  const slash = spec.mountPoint.lastIndexOf('/');
  await client.call({
    method: 'PUT',
    path: `/containers/${pathPart(id)}/archive`,
    query: { path: spec.mountPoint.slice(0, slash) || '/', noOverwriteDirNonDir: 1 },
    archive: folderArchive({
      name: spec.mountPoint.slice(slash + 1),
      uid: user.uid,
      gid: user.gid ?? 0,
      mode: top.mode | 0o700,
    }),
    subject: 'volume',
    details: { volume: spec.volumeName },
    signal,
  });
  return [];
}

async function entryAt(
  client: EngineClient,
  id: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<TarEntry | undefined> {
  return (await readEntry(client, id, { path, maxBytes: 0, signal }))?.entry;
}

async function readSmallFile(
  client: EngineClient,
  id: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const found = await readEntry(client, id, { path, maxBytes: MAX_PASSWD_BYTES, signal });
  return found?.entry.type === 'file' ? found.content.toString('utf8') : '';
}

async function readEntry(
  client: EngineClient,
  id: string,
  { path, maxBytes, signal }: { path: string; maxBytes: number; signal: AbortSignal | undefined },
) {
  try {
    const archive = await client.stream({
      method: 'GET',
      path: `/containers/${pathPart(id)}/archive`,
      query: { path },
      subject: 'container',
      signal,
    });
    // Leaving the loop destroys the stream: of a full volume only the first header is read.
    return await firstTarEntry(archive, maxBytes);
  } catch (error) {
    if (BerthError.is(error, 'not-found')) return undefined;
    throw error;
  }
}
