/**
 * Names of the images that Berth builds itself, and how one is built in a step of an operation. Berth's own names are never
 * pulled: they are in no registry of Berth's, so whoever answered to them there would be a stranger.
 */
import { ImageRecipe, type ProjectDefinition } from '#contract/projects.ts';
import type { ContainerEngine, RecipeBuild } from '../interfaces/container-engine.ts';
import type { StepContext } from '../operations/operation-definition.ts';

/** The lines of one build that its operation keeps; apt says some hundred. */
const maxLoggedLines = 1_500;

/** A project says this name: whichever image this Berth builds of the recipe. Workspaces say the name with its content's hash. */
export function newestImage(recipe: ImageRecipe): string {
  return `berth/${recipe}:newest`;
}

/** What an image of Berth's own is built of, in this version of Berth or another; undefined for any other image. */
export function ownRecipe(image: string): ImageRecipe | undefined {
  return ImageRecipe.safeParse(/^berth\/([a-z]+):/.exec(image)?.[1]).data;
}

/** A new workspace gets the newest image, also of a project that names the one of an older Berth. */
export function withNewestImage(definition: ProjectDefinition): ProjectDefinition {
  const recipe = ownRecipe(definition.image);
  return recipe === undefined ? definition : { ...definition, image: newestImage(recipe) };
}

export async function buildInStep(
  context: StepContext<unknown>,
  engine: ContainerEngine,
  wish: { readonly recipe: ImageRecipe } & Pick<RecipeBuild, 'reference' | 'isFresh'>,
): Promise<void> {
  const { recipe, ...how } = wish;
  const reference = how.reference ?? (await engine.recipeImage(recipe));
  context.log(`docker build --tag ${reference} ${recipe}`, 'command');
  let logged = 0;
  await engine.buildRecipe(recipe, {
    ...how,
    reference,
    signal: context.signal,
    onProgress: ({ step, steps, instruction }) => {
      context.progress({ done: step - 1, total: steps, unit: 'items', parts: [] });
      context.note(`building, ${step} of ${steps}: ${instruction.slice(0, 80)}`);
    },
    onOutput: (line) => {
      logged += 1;
      if (logged <= maxLoggedLines) context.log(line);
      else if (logged === maxLoggedLines + 1) context.log('… what the build says beyond this is not kept');
    },
  });
  context.signal.throwIfAborted();
}
