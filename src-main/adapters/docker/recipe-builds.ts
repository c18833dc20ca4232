/**
 * Builds of Berth's own images on one host. Guarantees that the same image is built by one at a time, that who comes second
 * uses what the first made, and that who is cancelled does not wait for others.
 */
import type { ImageRecipe } from '#contract/projects.ts';
import type { RecipeBuild } from '../../control-plane/interfaces/container-engine.ts';
import { cancelledError, type EngineClient } from './engine-client.ts';
import type { JsonRecord } from './engine-json.ts';
import { buildImage } from './image-build.ts';
import type { RecipeContext } from './image-recipe.ts';

export interface RecipeBuildsDeps {
  readonly client: EngineClient;
  readonly readRecipe: (recipe: ImageRecipe) => Promise<RecipeContext>;
  readonly isThere: (reference: string, signal: AbortSignal) => Promise<boolean>;
  /** The engine's `/info`. */
  readonly info: (signal: AbortSignal) => Promise<JsonRecord>;
}

export class RecipeBuilds {
  readonly #deps: RecipeBuildsDeps;
  /** Of each reference the last one in line. */
  readonly #lines = new Map<string, Promise<void>>();

  constructor(deps: RecipeBuildsDeps) {
    this.#deps = deps;
  }

  async referenceOf(recipe: ImageRecipe): Promise<string> {
    return (await this.#deps.readRecipe(recipe)).reference;
  }

  async build(recipe: ImageRecipe, build: RecipeBuild): Promise<void> {
    const own = await this.#deps.readRecipe(recipe);
    const { reference = own.reference, signal, isFresh = false } = build;
    if (signal.aborted) throw cancelledError(signal.reason);
    const before = this.#lines.get(reference) ?? Promise.resolve();
    const mine = before
      .catch(() => undefined)
      .then(async () => {
        if (signal.aborted) throw cancelledError(signal.reason);
        if (!isFresh && (await this.#deps.isThere(reference, signal))) return;
        await buildImage(this.#deps.client, {
          ...build,
          reference,
          isFresh,
          archive: own.archive,
          labels: { 'dev.berth.managed': '1', 'dev.berth.recipe': recipe },
          info: await this.#deps.info(signal),
        });
      });
    this.#lines.set(reference, mine);
    const leave = () => {
      if (this.#lines.get(reference) === mine) this.#lines.delete(reference);
    };
    mine.then(leave, leave);
    await untilCancelled(mine, signal);
  }
}

async function untilCancelled(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const cancelled = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(cancelledError(signal.reason)), {
      once: true,
      signal: ended.signal,
    });
  });
  try {
    await Promise.race([work, cancelled]);
  } finally {
    ended.abort();
  }
}
