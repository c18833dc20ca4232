/**
 * Which version of the Engine API is spoken: the highest that both sides know. Pure.
 * Source: docs.docker.com/reference/api/engine/version-history.
 */
import { BerthError } from '#contract/berth-error.ts';

/** Docker 20.10, the oldest engine that Debian and its kin still ship. */
export const OLDEST_API_VERSION = '1.41';
/** The newest whose answers these adapters were written for. A newer engine still speaks it (until its own minimum). */
export const NEWEST_API_VERSION = '1.55';

export interface EngineVersions {
  /** The engine's product version, as `29.0.1`. */
  readonly engine: string;
  readonly apiVersion: string;
  /** Docker 29 raised it to 1.44. */
  readonly minimumApiVersion: string;
}

/** Throws engine.too-old when the engine is older than Berth can use, engine.failed when it is newer than Berth knows. */
export function negotiateApiVersion({ engine, apiVersion, minimumApiVersion }: EngineVersions): string {
  if (parse(apiVersion) === undefined)
    throw new BerthError(
      'engine.failed',
      'What answers there does not say a version of the Docker Engine API.',
    );
  const details = { engine, apiVersion, oldestApiVersion: OLDEST_API_VERSION };
  if (compareApiVersions(apiVersion, OLDEST_API_VERSION) < 0)
    throw new BerthError(
      'engine.too-old',
      `The engine ${engine || 'there'} speaks API ${apiVersion}; Berth needs ${OLDEST_API_VERSION} or newer (Docker 20.10). Update Docker on the host.`,
      { details },
    );
  if (parse(minimumApiVersion) !== undefined && compareApiVersions(minimumApiVersion, NEWEST_API_VERSION) > 0)
    throw new BerthError(
      'engine.failed',
      `The engine ${engine || 'there'} speaks API ${minimumApiVersion} and newer only; this Berth knows versions up to ${NEWEST_API_VERSION}. Update Berth.`,
      { details: { ...details, minimumApiVersion, newestApiVersion: NEWEST_API_VERSION } },
    );
  return compareApiVersions(apiVersion, NEWEST_API_VERSION) > 0 ? NEWEST_API_VERSION : apiVersion;
}

/** Negative: a is older. By number, so that 1.9 is older than 1.41. */
export function compareApiVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = parse(a) ?? [];
  const [majorB = 0, minorB = 0] = parse(b) ?? [];
  return majorA - majorB || minorA - minorB;
}

function parse(version: string): [number, number] | undefined {
  const match = /^(\d{1,3})\.(\d{1,4})$/.exec(version);
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}
