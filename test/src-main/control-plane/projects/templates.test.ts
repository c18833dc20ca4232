/** Templates are valid, each a whole: what opens it, how it is signed in to, and where its files last. */
import { expect, test } from 'vitest';
import { ImageRecipe, ProjectDefinition, ProjectTemplate } from '#contract/projects.ts';
import { projectTemplates } from '#main/control-plane/projects/templates.ts';
import { newestImage, ownRecipe, withNewestImage } from '#main/control-plane/projects/recipe-images.ts';

test.each(projectTemplates.map((template) => [template.id, template] as const))('%s', (_id, template) => {
  expect(ProjectTemplate.parse(template)).toEqual(template);
  const { apps = [], accessPassword, environment, recipe, image, profile, start } = template.definition;
  expect(apps.filter(({ isMain }) => isMain)).toHaveLength(apps.length === 0 ? 0 : 1);
  expect(template.notes.length).toBeGreaterThan(0);
  // What asks for a password gets one that Berth makes; nothing has a password that everybody knows.
  const asks = apps.some(({ login, protocol }) => login.how !== 'none' || protocol === 'vnc');
  expect(accessPassword !== undefined).toBe(asks);
  expect(environment).toEqual([]);
  expect(ownRecipe(image)).toBe(recipe);
  expect(template.homepage === null).toBe(recipe !== undefined);
  // An own init that is process 1 is root, and needs to be able to become somebody else.
  expect(start === 'image').toBe(profile === 'root-inside');
});

test('ids and names differ, and each of Berth’s own images has one', () => {
  expect(new Set(projectTemplates.map(({ id }) => id)).size).toBe(projectTemplates.length);
  expect(new Set(projectTemplates.map(({ definition }) => definition.name)).size).toBe(
    projectTemplates.length,
  );
  const recipes = projectTemplates.flatMap(({ definition }) => definition.recipe ?? []);
  expect(recipes.sort()).toEqual([...ImageRecipe.options].sort());
});

test('new workspaces get the newest image of Berth’s own, and any other image as it is', () => {
  const of = (image: string) => withNewestImage(ProjectDefinition.parse({ ...shell, image })).image;
  const shell = projectTemplates[0]?.definition;
  expect(of('berth/shell:0123456789ab')).toBe(newestImage('shell'));
  for (const image of ['berth/other:1', 'registry.example/berth/shell:1', 'debian:12'])
    expect(of(image)).toBe(image);
});
