/**
 * Pulls an image and reads every line of the answer: an error may stand in the middle of a successful one. And asks, without
 * pulling, whether it could be.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { PullProgress } from '../../control-plane/interfaces/container-engine.ts';
import { engineAnswerError, engineTransportError } from './docker-error.ts';
import { cancelledError, type EngineClient } from './engine-client.ts';
import { familiarReference, parseImageReference, pullParameters } from './image-reference.ts';
import { jsonLines } from './json-lines.ts';
import { errorInLine, PullTable } from './pull-progress.ts';

/** The engine asks the registry before it sends its first byte; slow registries take their time. */
const FIRST_BYTE_TIMEOUT_MS = 120_000;

/** Resolves when the host has the image. The signal drops the request, upon which the engine stops pulling. */
export async function pullImage(
  client: EngineClient,
  text: string,
  { onProgress, signal }: { onProgress: (progress: PullProgress) => void; signal: AbortSignal },
): Promise<void> {
  const reference = parseImageReference(text);
  const image = familiarReference(reference);
  if (reference.kind === 'id')
    throw new BerthError(
      'image.not-found',
      'The host does not have the image with this id, and ids cannot be pulled.',
      {
        details: { image },
      },
    );
  try {
    const answer = await client.stream({
      method: 'POST',
      path: '/images/create',
      query: pullParameters(reference),
      subject: 'pull',
      details: { image },
      timeoutMs: FIRST_BYTE_TIMEOUT_MS,
      signal,
    });
    const table = new PullTable();
    for await (const line of jsonLines(answer)) {
      const message = errorInLine(line);
      if (message !== undefined) throw engineAnswerError('pull', 200, message, { image });
      if (table.take(line)) onProgress(table.progress());
    }
  } catch (error) {
    if (signal.aborted) throw cancelledError(signal.reason);
    throw engineTransportError(error);
  }
  // An answer that was cut short may look like one that ended, and Podman has no last word: so ask.
  await client.json({
    method: 'GET',
    path: `/images/${image}/json`,
    subject: 'image',
    details: { image },
    signal,
  });
}

/** GET /distribution/{name}/json: the engine asks the registry itself. A name that may not be seen there counts as missing. */
export async function isInRegistry(
  client: EngineClient,
  text: string,
  signal: AbortSignal,
): Promise<boolean> {
  const reference = parseImageReference(text);
  if (reference.kind === 'id') return false;
  const image = familiarReference(reference);
  const answer = await client.call({
    method: 'GET',
    path: `/distribution/${image}/json`,
    subject: 'pull',
    details: { image },
    accept: [401, 403, 404],
    timeoutMs: FIRST_BYTE_TIMEOUT_MS,
    signal,
  });
  return ![401, 403, 404].includes(answer.status);
}
