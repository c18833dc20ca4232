/** Volumes of the engine: listed, made, measured, removed. Must not know what is in them. */
import { BerthError } from '#contract/berth-error.ts';
import type { VolumeSummary } from '../../control-plane/interfaces/container-engine.ts';
import { compareApiVersions } from './api-version.ts';
import { type LabelFilter, labelFilter } from './container-inspection.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { asList, asRecord } from './engine-json.ts';
import { readVolume, readVolumeSizes } from './engine-shapes.ts';
import { sweepStoppedHelpers } from './helper-sweep.ts';
import { sweepPreparations } from './workspace-preparation.ts';

/** Measuring volumes walks all their files. */
const SIZES_TIMEOUT_MS = 300_000;
const REMOVE_TIMEOUT_MS = 120_000;
/** `type` limits /system/df to volumes; before, the engine measures images and containers as well. */
const USAGE_TYPE_SINCE = '1.42';

export async function listVolumes(
  client: EngineClient,
  labels: LabelFilter,
  signal?: AbortSignal,
): Promise<VolumeSummary[]> {
  const query = { filters: labelFilter(labels) };
  const json = await client.json({ method: 'GET', path: '/volumes', query, subject: 'volume', signal });
  return asList(asRecord(json).Volumes).map(readVolume);
}

/** Idempotent on the engine's side: a volume of this name stays as it is. */
export async function ensureVolume(
  client: EngineClient,
  name: string,
  { labels, signal }: { labels: Readonly<Record<string, string>>; signal: AbortSignal | undefined },
): Promise<void> {
  const body = { Name: name, Driver: 'local', Labels: labels };
  await client.call({ method: 'POST', path: '/volumes/create', body, subject: 'volume', signal });
}

export async function hasVolume(client: EngineClient, name: string, signal?: AbortSignal): Promise<boolean> {
  const path = `/volumes/${pathPart(name)}`;
  const answer = await client.call({ method: 'GET', path, subject: 'volume', accept: [404], signal });
  return answer.status !== 404;
}

export async function volumeSizes(
  client: EngineClient,
  names: readonly string[],
  { apiVersion, signal }: { apiVersion: string; signal: AbortSignal | undefined },
): Promise<ReadonlyMap<string, number>> {
  const isLimited = compareApiVersions(apiVersion, USAGE_TYPE_SINCE) >= 0;
  const json = await client.json({
    method: 'GET',
    path: '/system/df',
    ...(isLimited ? { query: { type: 'volume', verbose: 1 } } : {}),
    subject: 'volume',
    timeoutMs: SIZES_TIMEOUT_MS,
    signal,
  });
  const wanted = new Set(names);
  return new Map([...readVolumeSizes(json)].filter(([name]) => wanted.has(name)));
}

/** Idempotent. Throws workspace.volume-in-use when a container that is not our own work holds it. */
export async function removeVolume(client: EngineClient, name: string, signal?: AbortSignal): Promise<void> {
  const remove = () =>
    client.call({
      method: 'DELETE',
      path: `/volumes/${pathPart(name)}`,
      subject: 'volume',
      details: { volume: name },
      accept: [404],
      timeoutMs: REMOVE_TIMEOUT_MS,
      signal,
    });
  try {
    await remove();
  } catch (error) {
    if (!BerthError.is(error, 'workspace.volume-in-use')) throw error;
    // What holds it may be no workspace but what a crash left of preparing one, or a helper that has ended.
    const swept =
      (await sweepPreparations(client, { volumeName: name }, signal)) +
      (await sweepStoppedHelpers(client, { volumeName: name }, signal));
    if (swept === 0) throw error;
    await remove();
  }
}
