/**
 * Builds an image on the host (POST /build of the Engine API, the classic builder, which every engine has) and reads every
 * line of the answer: an error stands in the middle of a successful one. The signal drops the request, upon which the
 * engine stops what it runs; layers that were finished stay and are used by the next try.
 */
import type { BuildProgress } from '../../control-plane/interfaces/container-engine.ts';
import { engineAnswerError, engineTransportError, printable } from './docker-error.ts';
import { cancelledError, type EngineClient } from './engine-client.ts';
import { asRecord, asText, type JsonRecord } from './engine-json.ts';
import { jsonLines } from './json-lines.ts';
import { errorInLine } from './pull-progress.ts';

export interface ImageBuild {
  /** name:tag of the image. */
  readonly reference: string;
  readonly archive: Buffer;
  readonly labels: Readonly<Record<string, string>>;
  /** The engine's `/info`: a host behind a proxy needs it inside the build too. */
  readonly info: JsonRecord;
  /** Nothing that an earlier build left is used: newer packages are fetched. */
  readonly isFresh: boolean;
  readonly onProgress: (progress: BuildProgress) => void;
  readonly onOutput: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The engine reads the whole archive before its first byte. */
const FIRST_BYTE_TIMEOUT_MS = 120_000;
/** Of what the failing command said; apt names the cause well before its end. */
const TAIL_LINES = 40;
const MAX_LINE_CHARACTERS = 1_000;

export async function buildImage(client: EngineClient, build: ImageBuild): Promise<void> {
  const { reference, archive, labels, isFresh, signal } = build;
  const output = new BuildOutput(build);
  try {
    const answer = await client.stream({
      method: 'POST',
      path: '/build',
      query: {
        t: reference,
        labels: JSON.stringify(labels),
        buildargs: JSON.stringify(proxiesOf(build.info)),
        rm: 1,
        forcerm: 1,
        nocache: isFresh ? 1 : 0,
      },
      archive,
      subject: 'build',
      details: { image: reference },
      timeoutMs: FIRST_BYTE_TIMEOUT_MS,
      signal,
    });
    for await (const line of jsonLines(answer)) {
      const message = errorInLine(line);
      if (message !== undefined) throw output.failure(message);
      output.take(line);
    }
  } catch (error) {
    if (signal.aborted) throw cancelledError(signal.reason);
    throw engineTransportError(error);
  }
  // An answer that was cut short may look like one that ended: so ask.
  await client.json({
    method: 'GET',
    path: `/images/${reference}/json`,
    subject: 'image',
    details: { image: reference },
    signal,
  });
}

/** `Step 3/9 : RUN …` of Docker, `STEP 3/9: RUN …` of Podman. */
const STEP = /^step (\d{1,4})\/(\d{1,4}) ?: (.*)/i;

class BuildOutput {
  readonly #build: ImageBuild;
  readonly #tail: string[] = [];
  #rest = '';

  constructor(build: ImageBuild) {
    this.#build = build;
  }

  take(line: JsonRecord): void {
    const status = asText(line.status);
    // Of the base image, which the engine pulls by itself: its layers are not shown one by one.
    if (status !== '' && asText(line.id) === '') this.#line(status);
    const parts = (this.#rest + asText(line.stream)).split('\n');
    this.#rest = (parts.pop() ?? '').slice(-MAX_LINE_CHARACTERS);
    for (const part of parts) this.#line(part);
  }

  #line(text: string): void {
    // Programs that draw progress go back to the beginning of the line; what they wrote last is shown.
    const shown = printable(text.replace(/\r$/, '').split('\r').at(-1) ?? '').slice(0, MAX_LINE_CHARACTERS);
    if (shown === '') return;
    this.#build.onOutput(shown);
    this.#tail.push(shown);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    const step = STEP.exec(shown);
    if (step === null) return;
    const [, number, total, instruction = ''] = step;
    this.#build.onProgress({ step: Number(number), steps: Number(total), instruction });
  }

  /** What the command said names the cause more often than the engine does, which tells its exit code. */
  failure(message: string) {
    this.#line(this.#rest);
    const output = this.#tail.join('\n');
    const cause = causes.find((pattern) => pattern.test(output) || pattern.test(message));
    const found = cause?.exec(output)?.[0] ?? '';
    const words = message.includes(found) ? message : `${message} (${found})`;
    return engineAnswerError('build', 200, words, { image: this.#build.reference, output });
  }
}

/** The rows of docker-error.ts that a line of a command's output decides about. */
const causes = [
  /[^\n]*(no space left on device|not enough free space|don't have enough free space|disk quota exceeded)[^\n]*/i,
  /[^\n]*(temporary failure resolving|could not resolve|could not connect to|unable to connect to|connection timed out|network is unreachable)[^\n]*/i,
];

/** The proxies that the engine itself uses, as build arguments that Docker predefines. Never with a login in them. */
function proxiesOf(info: JsonRecord): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [field, name] of [
    ['HttpProxy', 'http_proxy'],
    ['HttpsProxy', 'https_proxy'],
    ['NoProxy', 'no_proxy'],
  ] as const) {
    const value = asText(asRecord(info)[field]);
    if (value === '' || value.includes('@')) continue;
    found[name] = value;
    found[name.toUpperCase()] = value;
  }
  return found;
}
