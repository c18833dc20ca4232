/** Opens the container engine of a host over streams of its connection: negotiates the version, tidies up after crashes. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { ContainerEngineFactory } from '../../control-plane/interfaces/container-engine.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { negotiateApiVersion } from './api-version.ts';
import { DockerEngine, type RemoteScripts } from './docker-engine.ts';
import { EngineClient } from './engine-client.ts';
import { asRecord, asText } from './engine-json.ts';
import { readRecipe } from './image-recipe.ts';
import type { HelperPrograms } from './helper-image.ts';
import { sweepPreparations } from './workspace-preparation.ts';

export interface ContainerEngineDeps {
  readonly log: Log;
  readonly clock: Clock;
  /** Folder of resources/remote. */
  readonly remoteScriptsFolder: string;
  /** Folder of resources/images. Absent: the one beside that. */
  readonly imagesFolder?: string;
}

/** A preparation takes seconds; one this old belongs to a Berth that died, on this computer or another. */
const ABANDONED_AFTER_MS = 10 * 60_000;
const OPEN_TIMEOUT_MS = 15_000;

export function createContainerEngineFactory(deps: ContainerEngineDeps): ContainerEngineFactory {
  const { log, clock, imagesFolder = join(dirname(deps.remoteScriptsFolder), 'images') } = deps;
  return {
    async open(openStream, signal) {
      const scripts = await readScripts(deps.remoteScriptsFolder);
      const unversioned = new EngineClient({ openStream, clock });
      try {
        const request = { method: 'GET', path: '/version', subject: 'engine', signal } as const;
        const version = asRecord(await unversioned.json({ ...request, timeoutMs: OPEN_TIMEOUT_MS }));
        const minimumApiVersion = asText(version.MinAPIVersion) || '1.12';
        const engine = asText(version.Version);
        const apiVersion = negotiateApiVersion({
          engine,
          apiVersion: asText(version.ApiVersion),
          minimumApiVersion,
        });
        const client = unversioned.withVersion(apiVersion);
        log.debug('container engine answers', { engine, apiVersion, minimumApiVersion });
        const createdBeforeMs = clock.nowMs() - ABANDONED_AFTER_MS;
        const swept = await sweepPreparations(client, { createdBeforeMs }, signal).catch((error: unknown) => {
          if (BerthError.is(error, 'cancelled', 'connection-lost', 'timed-out')) throw error;
          log.warn('leftovers of interrupted preparations could not be removed', { cause: error });
          return 0;
        });
        if (swept > 0) log.info('removed leftovers of interrupted preparations', { count: swept });
        return new DockerEngine({
          client,
          clock,
          scripts,
          readHelperPrograms: () => readPrograms(deps.remoteScriptsFolder),
          readRecipe: (recipe) => readRecipe(imagesFolder, recipe),
          version,
          apiVersion,
          minimumApiVersion,
        });
      } catch (error) {
        unversioned.close();
        throw error;
      }
    },
  };
}

async function readScripts(folder: string): Promise<RemoteScripts> {
  // They are arguments of a shell in the container, where anyone may read them in a list of processes: without comments.
  const read = async (name: string) =>
    (await readFile(join(folder, `${name}.sh`), 'utf8')).replace(/^\s*(#.*)?\n/gm, '');
  const [keepAlive, openTerminal, markedProcesses] = await Promise.all([
    read('keep-alive'),
    read('open-terminal'),
    read('marked-processes'),
  ]);
  return { keepAlive, openTerminal, markedProcesses };
}

/** As they are: they are files of an image, and what they say when they fail names lines. */
async function readPrograms(folder: string): Promise<HelperPrograms> {
  const read = (name: string) => readFile(join(folder, name));
  const [snapshotHelper, hostTools, dialRelay, fileAgent] = await Promise.all([
    read('snapshot-helper.py'),
    read('host-tools.py'),
    read('dial-relay.py'),
    read('file-agent.py'),
  ]).catch((cause: unknown) => {
    throw new BerthError(
      'internal',
      'The programs that run in helper containers are missing from this Berth.',
      {
        cause,
      },
    );
  });
  return { snapshotHelper, hostTools, dialRelay, fileAgent };
}
