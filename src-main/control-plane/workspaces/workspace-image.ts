/**
 * The image of a workspace on its host: found there, pulled, or built where it is one of Berth's own. May be repeated; an
 * image is shared with whatever else runs on the host, so nothing is taken back.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { ProjectDefinition } from '#contract/projects.ts';
import type { ContainerEngine, PullProgress } from '../interfaces/container-engine.ts';
import type { StepContext } from '../operations/operation-definition.ts';
import { buildInStep, newestImage, ownRecipe } from '../projects/recipe-images.ts';
import { architectureName, runsOn } from './workspace.ts';
import { readyLink } from './workspace-parts.ts';

/** Bounds of operations.StepProgress. */
const maxShownLayers = 256;

type Wanted = Pick<ProjectDefinition, 'image' | 'recipe'>;
type FoundImage = NonNullable<Awaited<ReturnType<ContainerEngine['inspectImage']>>>;

/**
 * Returns the repository digest, if there is one, and the image's name: for one of Berth's own the one with the hash of what
 * was built, by which the workspace knows it from then on.
 */
export async function ensureImage(
  context: StepContext<unknown>,
  wanted: Wanted,
): Promise<{ readonly image: string; readonly digest: string | null }> {
  const { engine, engineInfo } = readyLink(context);
  const own = ownRecipe(wanted.image);
  let reference = wanted.image;
  if (own === undefined || wanted.image === newestImage(own)) {
    if (own !== undefined) reference = await engine.recipeImage(own);
  } else if ((await engine.inspectImage(wanted.image, context.signal)) === undefined)
    // What an older Berth built stays what its workspaces are made of, on a host that has it; elsewhere there is this one's.
    reference = await engine.recipeImage(own);
  let found = await engine.inspectImage(reference, context.signal);
  if (found !== undefined) context.note('on the host already');
  else found = await getImage(context, engine, { image: reference, recipe: wanted.recipe });
  if (!runsOn(found.architecture, engineInfo.architecture)) throw wrongPlatform(reference, found, engineInfo);
  return { image: reference, digest: found.digest };
}

async function getImage(
  context: StepContext<unknown>,
  engine: ContainerEngine,
  wanted: Wanted,
): Promise<FoundImage> {
  const { image, recipe } = wanted;
  const own = ownRecipe(image);
  if (own !== undefined) await buildInStep(context, engine, { recipe: own });
  else if (recipe === undefined) await pull(context, engine, image);
  else
    await pull(context, engine, image).catch(async (error: unknown) => {
      const isMissing = BerthError.is(error, 'image.not-found', 'image.access-denied', 'image.pull-failed');
      // What is named by its content cannot be made from another.
      if (!isMissing || image.includes('sha256:')) throw error;
      context.log(`${error.message} It is built here instead.`, 'warning');
      await buildInStep(context, engine, { recipe, reference: image });
    });
  const found = await engine.inspectImage(image, context.signal);
  if (found !== undefined) return found;
  throw new BerthError(
    'image.pull-failed',
    `The engine said that it got ${image}, and then did not have it. Try again.`,
    { details: { reference: image } },
  );
}

async function pull(
  context: StepContext<unknown>,
  engine: ContainerEngine,
  reference: string,
): Promise<void> {
  if (reference.startsWith('sha256:'))
    throw new BerthError(
      'image.not-found',
      `The host has no image with the id ${reference}, and an id cannot be pulled. Use a name and tag.`,
      { details: { reference } },
    );
  context.log(`docker pull ${reference}`, 'command');
  await engine.pullImage(reference, {
    signal: context.signal,
    onProgress: (progress) => tellPull(context, progress),
  });
  context.signal.throwIfAborted();
}

function wrongPlatform(
  reference: string,
  { architecture }: FoundImage,
  host: { readonly architecture: string },
): BerthError {
  const imageArchitecture = architectureName(architecture);
  const hostArchitecture = architectureName(host.architecture);
  return new BerthError(
    'image.wrong-platform',
    `${reference} is made for ${imageArchitecture} processors, and this host has ${hostArchitecture}. Choose an image for ${hostArchitecture}.`,
    { details: { reference, imageArchitecture, hostArchitecture } },
  );
}

function tellPull(context: StepContext<unknown>, { layers }: PullProgress): void {
  const isFinished = (state: string) => state === 'done' || state === 'exists';
  const sized = layers.filter((layer) => layer.totalBytes !== null);
  const done = layers.filter((layer) => isFinished(layer.state)).length;
  context.progress({
    done: sized.reduce((sum, layer) => sum + Math.min(layer.doneBytes, layer.totalBytes ?? 0), 0),
    total: sized.length === 0 ? null : sized.reduce((sum, layer) => sum + (layer.totalBytes ?? 0), 0),
    unit: 'bytes',
    parts: layers.slice(0, maxShownLayers).map((layer) => ({
      id: layer.id,
      label: `${layer.id} ${layer.state}`,
      done: layer.doneBytes,
      total: layer.totalBytes,
    })),
  });
  context.note(`layer ${done} of ${layers.length}`);
}
