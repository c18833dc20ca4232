/** Projects: shape, names and changes. Pure. */
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type ProjectId, UserId } from '#contract/ids.ts';
import { Project, type ProjectDefinition } from '#contract/projects.ts';

/** As it is kept. What an older Berth wrote says no owner: there was one person then. */
const RecordShape = Project.extend({ ownerId: UserId.default(localOwnerId) });
export type ProjectRecord = ReturnType<typeof RecordShape.parse>;

export function parseProject(value: unknown): ProjectRecord {
  return RecordShape.parse(value);
}

export function toProject({ ownerId: _ownerId, ...project }: ProjectRecord): Project {
  return project;
}

/** Two names are one where a person reads them as one: in any case, and in any normal form of Unicode. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

export function nameTaken(projectId: ProjectId, name: string): BerthError {
  return new BerthError('project.name-taken', `There is a project “${name}” already. Choose another name.`, {
    details: { field: 'name', projectId },
  });
}

/** `name`, or with the first number behind it that nobody has. */
export function freeName(name: string, isTaken: (candidate: string) => boolean): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name.slice(0, 70)} (${number})`;
    if (!isTaken(candidate)) return candidate;
  }
}

/** Only the fields that are given change. */
export type ProjectEdit = { readonly [F in keyof ProjectDefinition]?: ProjectDefinition[F] | undefined };

export function editedProject(project: ProjectRecord, edit: ProjectEdit, changedAt: string): ProjectRecord {
  const given = Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== undefined));
  const { id, ownerId, createdAt } = project;
  return parseProject({ ...project, ...given, id, ownerId, createdAt, changedAt });
}

export function projectInUse(project: Project, workspaceNames: readonly string[]): BerthError {
  const names = workspaceNames.slice(0, 3).map((name) => `“${name}”`);
  const more = workspaceNames.length > 3 ? ` and ${workspaceNames.length - 3} more` : '';
  return new BerthError(
    'project.in-use',
    `“${project.name}” is used by the workspaces ${names.join(', ')}${more}. Destroy them first.`,
    { details: { workspaces: workspaceNames.slice(0, 100) } },
  );
}

export function noSuchProject(id: ProjectId): BerthError {
  return new BerthError('not-found', 'There is no such project.', { details: { id } });
}
