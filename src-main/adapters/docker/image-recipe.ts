/**
 * The folders of resources/images as what the engine builds from: an archive, and a name that is made of its content. The
 * same folder gives the same bytes, so another version of a recipe is another image and the one before stays what it was.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { ImageRecipe } from '#contract/projects.ts';
import { tarArchive } from './tar-archive.ts';

export interface RecipeContext {
  /** As `berth/browser:0123456789ab`. */
  readonly reference: string;
  /** Of plain files; the Dockerfile says who may run them. */
  readonly archive: Buffer;
}

/** `imagesFolder`: resources/images. It comes with the program: where it is missing, the program is broken. */
export async function readRecipe(imagesFolder: string, recipe: ImageRecipe): Promise<RecipeContext> {
  const folder = join(imagesFolder, recipe);
  try {
    const names = (await readdir(folder)).sort();
    const files = await Promise.all(
      names.map(async (name) => ({ path: name, mode: 0o644, content: await readFile(join(folder, name)) })),
    );
    const archive = tarArchive(files);
    const hash = createHash('sha256').update(archive).digest('hex').slice(0, 12);
    return { reference: `berth/${recipe}:${hash}`, archive };
  } catch (cause) {
    throw new BerthError('internal', 'The recipes of images are missing from this Berth.', { cause });
  }
}
