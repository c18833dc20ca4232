/**
 * What of a host makes its Python, tar and zstd run in a container. The API does not show how a host is laid out, so it is
 * tried: a container with the host's folders runs `host-tools.py`, whose exit code says what works. Leaves nothing behind.
 */
import { randomBytes } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import { removeByForce } from './container-inspection.ts';
import { cancelledError, type EngineClient, pathPart } from './engine-client.ts';
import { asNumber, asRecord, asText } from './engine-json.ts';
import {
  type HelperContainerBody,
  helperContainerBody,
  type HostTools,
  missingSource,
} from './helper-container.ts';
import {
  helperImage,
  type HelperPrograms,
  type HostLayout,
  HOST_TOOLS_PATH,
  importHelperImage,
  SPLIT_FOLDERS,
} from './helper-image.ts';

const PYTHONS = ['/usr/bin/python3', '/usr/local/bin/python3'];
const START_TIMEOUT_MS = 60_000;
/** What `host-tools.py` adds to its exit code for each thing that it misses. */
const MISSING_BASE = 100;
const missingTools = [
  [1, 'Python 3.6 or newer'],
  [2, 'GNU tar'],
  [4, 'zstd'],
] as const;

/** Throws snapshot.tools-missing, engine.*. */
export async function findHostTools(
  client: EngineClient,
  programs: HelperPrograms,
  signal?: AbortSignal,
): Promise<HostTools> {
  for (const layout of ['merged', 'split'] as const) {
    for (const python of PYTHONS) {
      const tools = await tryTools(client, programs, { layout, python, signal });
      if (tools) return tools;
    }
  }
  throw toolsMissing(['python3']);
}

export function toolsMissing(missing: readonly string[]): BerthError {
  return new BerthError(
    'snapshot.tools-missing',
    `The host lacks ${missing.join(' and ')} where a container can use it (in /usr). Install python3, tar and zstd there.`,
    { details: { missing: [...missing] } },
  );
}

/** Undefined: Python does not start this way. */
async function tryTools(
  client: EngineClient,
  programs: HelperPrograms,
  { layout, python, signal }: { layout: HostLayout; python: string; signal: AbortSignal | undefined },
): Promise<HostTools | undefined> {
  const image = helperImage(programs, layout);
  let folders = layout === 'merged' ? ['/usr'] : ['/usr', ...SPLIT_FOLDERS.map((name) => `/${name}`)];
  for (;;) {
    const tools: HostTools = { image: image.reference, folders, python };
    try {
      const exitCode = await runProbe(client, tools, () => importHelperImage(client, image, signal), signal);
      if (exitCode === undefined) return undefined;
      if (exitCode === 0) return tools;
      const missing = missingTools.filter(([bit]) => (exitCode - MISSING_BASE) & bit).map(([, name]) => name);
      throw toolsMissing(missing);
    } catch (error) {
      const absent = missingSource(error);
      if (absent === undefined || !folders.includes(absent)) throw error;
      folders = folders.filter((folder) => folder !== absent);
    }
  }
}

/** The program's own exit code; undefined when it did not come to run. */
async function runProbe(
  client: EngineClient,
  tools: HostTools,
  importImage: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const name = `berth-tools-${randomBytes(6).toString('hex')}`;
  const spec = { name, labels: {}, args: [], mounts: [], capabilities: [] };
  const body = helperContainerBody(spec, {
    tools,
    life: 'attached',
    program: HOST_TOOLS_PATH,
    hasInput: false,
  });
  // Without an init of the engine's own a program that is not there fails the start. Kept until its code was read.
  const hostConfig = { ...body.HostConfig, Init: false, AutoRemove: false };
  const id = await createHelperContainer(client, {
    name,
    body: { ...body, HostConfig: hostConfig },
    importImage,
    signal,
  });
  try {
    await client.call({
      method: 'POST',
      path: `/containers/${pathPart(id)}/start`,
      subject: 'start',
      timeoutMs: START_TIMEOUT_MS,
      signal,
    });
    const path = `/containers/${pathPart(id)}/wait`;
    const ended = await client.json({
      method: 'POST',
      path,
      subject: 'container',
      timeoutMs: START_TIMEOUT_MS,
      signal,
    });
    const exitCode = asNumber(asRecord(ended).StatusCode);
    const isOurs = exitCode === 0 || (exitCode > MISSING_BASE && exitCode < MISSING_BASE + 8);
    return isOurs ? exitCode : undefined;
  } catch (error) {
    if (isProgramMissing(error)) return undefined;
    throw error;
  } finally {
    await removeByForce(client, id);
  }
}

/** runc: `exec: "/usr/bin/python3": stat …: no such file or directory`; crun: `executable file … not found`. */
function isProgramMissing(error: unknown): boolean {
  return (
    BerthError.is(error, 'workspace.start-failed', 'not-found', 'engine.failed') &&
    /python3.*(no such file|not found)|executable file.*not found|exec.*no such file/i.test(
      String(error.details.engineMessage ?? ''),
    )
  );
}

/**
 * With the image imported where it is not there: the first time, and after somebody pruned images. Cancelled, it still
 * waits for the engine, which would make the container all the same, and removes what was made.
 */
export async function createHelperContainer(
  client: EngineClient,
  {
    name,
    body,
    importImage,
    signal,
  }: {
    name: string;
    body: HelperContainerBody;
    importImage: () => Promise<void>;
    signal: AbortSignal | undefined;
  },
): Promise<string> {
  const create = async () =>
    asText(
      asRecord(
        await client.json({
          method: 'POST',
          path: '/containers/create',
          query: { name },
          body,
          subject: 'create',
          timeoutMs: START_TIMEOUT_MS,
        }),
      ).Id,
    );
  if (signal?.aborted) throw cancelledError(signal.reason);
  const id = await create().catch(async (error: unknown) => {
    if (!BerthError.is(error, 'image.not-found')) throw error;
    await importImage();
    return await create();
  });
  if (!signal?.aborted) return id;
  await removeByForce(client, id);
  throw cancelledError(signal.reason);
}
