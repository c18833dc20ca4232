/** Building one of Berth's own images on a host, asked for by itself: anew, so that it has the packages of today. */
import { z } from 'zod';
import type { HostId, UserId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { ImageRecipe } from '#contract/projects.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { OperationDefinition, OperationStarter } from '../operations/operation-definition.ts';
import { readSpace, requireSpace } from '../workspaces/host-space.ts';
import { readyLink } from '../workspaces/workspace-parts.ts';
import { buildInStep } from './recipe-images.ts';

const BuildInput = z.object({ recipe: ImageRecipe });
type BuildInput = z.infer<typeof BuildInput>;

const buildOperation: OperationDefinition<BuildInput> = {
  kind: 'image.build',
  parseInput: (value) => BuildInput.parse(value),
  steps: [
    {
      id: 'check',
      title: 'Check the host',
      async run(context) {
        const { connection, engineInfo, hostName } = readyLink(context);
        const space = await readSpace(connection, engineInfo.rootFolder, context.signal);
        if (space !== undefined) requireSpace(space, hostName, engineInfo.rootFolder);
      },
    },
    {
      id: 'build',
      title: 'Build the image',
      // Workspaces that exist keep the image that they were made of: the engine holds it for as long as they do.
      run: (context) =>
        buildInStep(context, readyLink(context).engine, { recipe: context.input.recipe, isFresh: true }),
    },
  ],
  recover: 'finish',
  canCancel: true,
};

export interface ImageBuildsDeps {
  readonly links: HostLinks;
  readonly operations: OperationStarter;
}

export class ImageBuilds {
  readonly #deps: ImageBuildsDeps;

  constructor(deps: ImageBuildsDeps) {
    this.#deps = deps;
    deps.operations.define(buildOperation);
  }

  /** Throws host.not-connected and what else hosts may be. */
  async start(hostId: HostId, recipe: ImageRecipe, userId: UserId): Promise<Operation> {
    const { engine, hostName } = this.#deps.links.requireEngine(hostId);
    return this.#deps.operations.start(buildOperation, {
      title: `Build the image “${recipe}” on “${hostName}”`,
      subject: { kind: 'image', id: `${hostId}/${recipe}`, name: await engine.recipeImage(recipe) },
      hostId,
      userId,
      input: { recipe },
    });
  }
}
