/** Where a workspace's image comes from: the host, a registry, or a build; and which name it has then. */
import { describe, expect, test } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';
import type { HostId } from '#contract/ids.ts';
import type { ImageRecipe } from '#contract/projects.ts';
import type {
  ContainerEngine,
  EngineInfo,
  RecipeBuild,
} from '#main/control-plane/interfaces/container-engine.ts';
import type { StepContext } from '#main/control-plane/operations/operation-definition.ts';
import { ensureImage } from '#main/control-plane/workspaces/workspace-image.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';

const hostId: HostId = `host_${'1'.repeat(20)}`;
const current = 'berth/browser:cccccccccccc';

class World {
  readonly acts: string[] = [];
  readonly logged: string[] = [];
  readonly notes: string[] = [];
  readonly images: Set<string>;
  pullFails: ErrorCode | undefined;
  architecture = 'amd64';

  constructor(...images: string[]) {
    this.images = new Set(images);
  }

  async ensure(wanted: { image: string; recipe?: ImageRecipe }) {
    const engine = {
      inspectImage: (reference: string) =>
        Promise.resolve(
          this.images.has(reference)
            ? { id: 'sha256:1', digest: null, architecture: this.architecture }
            : undefined,
        ),
      pullImage: (reference: string) => {
        this.acts.push(`pull ${reference}`);
        if (this.pullFails !== undefined)
          return Promise.reject(new BerthError(this.pullFails, 'No such thing.'));
        this.images.add(reference);
        return Promise.resolve();
      },
      recipeImage: () => Promise.resolve(current),
      buildRecipe: (recipe: ImageRecipe, build: RecipeBuild) => {
        this.acts.push(`build ${recipe} as ${build.reference}`);
        build.onProgress({ step: 2, steps: 5, instruction: 'RUN apt-get update' });
        build.onOutput('fetching');
        this.images.add(build.reference ?? current);
        return Promise.resolve();
      },
    } as unknown as ContainerEngine;
    const engineInfo = { architecture: 'x86_64' } as unknown as EngineInfo;
    const link = new FakeLinks().ready(hostId, { engine, engineInfo });
    const context = {
      signal: new AbortController().signal,
      link: () => link,
      log: (text: string) => this.logged.push(text),
      note: (text: string) => this.notes.push(text),
      progress: () => undefined,
    } as unknown as StepContext<unknown>;
    return (await ensureImage(context, wanted)).image;
  }
}

describe('an image of Berth’s own', () => {
  const newest = { image: 'berth/browser:newest', recipe: 'browser' } as const;

  test('is built where the host lacks it, and has the name of its content', async () => {
    const world = new World();
    expect(await world.ensure(newest)).toBe(current);
    expect(world.acts).toEqual([`build browser as ${current}`]);
    expect(world.notes).toContain('building, 2 of 5: RUN apt-get update');
    expect(world.logged).toContain('fetching');
  });

  test('is not built twice', async () => {
    const world = new World(current);
    expect(await world.ensure(newest)).toBe(current);
    expect(world.acts).toEqual([]);
  });

  test('is never pulled, and never somebody’s who called theirs so', async () => {
    // Whoever has that name at a registry, or put it on the host, is a stranger.
    const world = new World('berth/browser:newest');
    expect(await world.ensure({ image: 'berth/browser:newest' })).toBe(current);
    expect(world.acts).toEqual([`build browser as ${current}`]);
  });

  test('of an older Berth stays where it is there, and is this one’s elsewhere', async () => {
    const old = { image: 'berth/browser:aaaaaaaaaaaa', recipe: 'browser' } as const;
    const here = new World(old.image, current);
    expect(await here.ensure(old)).toBe(old.image);
    const elsewhere = new World();
    expect(await elsewhere.ensure(old)).toBe(current);
    expect(elsewhere.acts).toEqual([`build browser as ${current}`]);
  });
});

describe('an image of somebody’s registry', () => {
  const mirrored = { image: 'registry.example/team/browser:1', recipe: 'browser' } as const;

  test('is pulled; and built under its name where there is a recipe and it cannot be', async () => {
    const world = new World();
    expect(await world.ensure(mirrored)).toBe(mirrored.image);
    expect(world.acts).toEqual([`pull ${mirrored.image}`]);
    for (const code of ['image.not-found', 'image.access-denied', 'image.pull-failed'] as const) {
      const without = new World();
      without.pullFails = code;
      expect(await without.ensure(mirrored)).toBe(mirrored.image);
      expect(without.acts).toEqual([`pull ${mirrored.image}`, `build browser as ${mirrored.image}`]);
    }
  });

  test('is not built after a cancel, a full disk, or where a digest says what it must be', async () => {
    for (const code of ['cancelled', 'host.disk-full'] as const) {
      const world = new World();
      world.pullFails = code;
      await expect(world.ensure(mirrored)).rejects.toMatchObject({ code });
    }
    const world = new World();
    world.pullFails = 'image.not-found';
    const image = `${mirrored.image}@sha256:${'0'.repeat(64)}`;
    await expect(world.ensure({ ...mirrored, image })).rejects.toMatchObject({ code: 'image.not-found' });
    expect(world.acts).toEqual([`pull ${image}`]);
  });

  test('without a recipe fails as the pull does; for another processor it is refused', async () => {
    const world = new World('debian:12');
    world.pullFails = 'image.not-found';
    await expect(world.ensure({ image: 'nobody/nothing:1' })).rejects.toMatchObject({
      code: 'image.not-found',
    });
    world.architecture = 'arm64';
    await expect(world.ensure({ image: 'debian:12' })).rejects.toMatchObject({
      code: 'image.wrong-platform',
    });
    await expect(world.ensure({ image: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({
      code: 'image.not-found',
    });
  });
});
