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

/** Only the fields that are given change; null, where nothing need be said, takes back what was. */
export type ProjectEdit = {
  readonly [F in keyof ProjectDefinition]?:
    | ProjectDefinition[F]
    | (undefined extends ProjectDefinition[F] ? null : never)
    | undefined;
};

/** Of these null means that nothing is said. */
const unsayable = new Set(['description', 'sharedMemoryBytes', 'accessPassword', 'recipe']);

export function editedProject(project: ProjectRecord, edit: ProjectEdit, changedAt: string): ProjectRecord {
  const given = Object.entries(edit).filter(([, value]) => value !== undefined);
  const { id, ownerId, createdAt } = project;
  const merged = { ...project, ...Object.fromEntries(given), id, ownerId, createdAt, changedAt };
  const kept = Object.entries(merged).filter(([name, value]) => value !== null || !unsayable.has(name));
  return parseProject(Object.fromEntries(kept));
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
