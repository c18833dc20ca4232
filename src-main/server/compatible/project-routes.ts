/**
 * `/projects` as the earlier web terminal had it, onto the contract's `projects.*`. A program that knows `name` and
 * `description` alone gets a project that works; one that knows Berth's fields may send those too.
 */
import type { Hono } from 'hono';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { ProjectId } from '#contract/ids.ts';
import { type Project, ProjectDefinition, projectDefaults } from '#contract/projects.ts';
import type { ApiEnvironment } from '../rest-routes.ts';
import { projectAnswer } from './answers.ts';
import type { OwnPlane } from './own-plane.ts';
import { type ApiContext, parsed, readFields } from './request-fields.ts';

const Page = z.object({
  skip: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
const { name, description, image, environment, limits, mountPoint, profile, runtime, shell } =
  ProjectDefinition.shape;
/** Unknown fields are passed over. `description: null` is what such programs send for none. */
const Fields = z.object({
  name,
  description: description.nullable(),
  image: image.optional(),
  environment: environment.optional(),
  limits: limits.optional(),
  mountPoint: mountPoint.optional(),
  mount_point: mountPoint.optional(),
  profile: profile.optional(),
  runtime: runtime.optional(),
  shell: shell.optional(),
});

export interface ProjectRoutesDeps {
  readonly planeOf: (context: ApiContext) => OwnPlane;
  /** Of a project that came without one. */
  readonly defaultImage: string;
}

export function addProjectRoutes(app: Hono<ApiEnvironment>, deps: ProjectRoutesDeps): void {
  const { planeOf, defaultImage } = deps;

  async function find(plane: OwnPlane, id: string): Promise<Project> {
    const found = (await plane.list('projects.watch')).find((project) => project.id === id);
    if (found === undefined) throw new BerthError('not-found', 'There is no such project.');
    return found;
  }

  for (const path of ['/projects', '/projects/']) {
    app.get(path, async (context) => {
      const plane = planeOf(context);
      const { skip, limit } = parsed(Page, context.req.query());
      const all = await plane.list('projects.watch');
      const sorted = all.toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1));
      return context.json(
        sorted.slice(skip, skip + limit).map((project) => projectAnswer(project, plane.caller.userId)),
      );
    });
    app.post(path, async (context) => {
      const plane = planeOf(context);
      const fields = definitionOf(parsed(Fields, await readFields(context)));
      const project = await plane.call('projects.create', {
        ...projectDefaults,
        environment: [],
        image: defaultImage,
        ...fields,
      });
      context.header('Location', `/projects/${project.id}`);
      return context.json(projectAnswer(project, plane.caller.userId), 201);
    });
  }

  app.get('/projects/:id', async (context) => {
    const plane = planeOf(context);
    return context.json(projectAnswer(await find(plane, context.req.param('id')), plane.caller.userId));
  });

  /** What the earlier system knew is replaced, an absent description too; what it knew nothing of stays unless it is sent. */
  app.put('/projects/:id', async (context) => {
    const plane = planeOf(context);
    const { id } = await find(plane, context.req.param('id'));
    const fields = definitionOf(parsed(Fields, await readFields(context)));
    const project = await plane.call('projects.edit', { description: '', ...fields, id });
    return context.json(projectAnswer(project, plane.caller.userId));
  });

  app.delete('/projects/:id', async (context) => {
    const id = ProjectId.safeParse(context.req.param('id'));
    if (!id.success) throw new BerthError('not-found', 'There is no such project.');
    await planeOf(context).call('projects.remove', { id: id.data });
    return context.body(null, 204);
  });
}

/** What was given, in Berth's own names. */
function definitionOf({ mount_point, description, ...rest }: z.output<typeof Fields>) {
  const given = {
    ...rest,
    mountPoint: rest.mountPoint ?? mount_point,
    description: description ?? undefined,
  };
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Partial<ProjectDefinition> & Pick<ProjectDefinition, 'name'>;
}
