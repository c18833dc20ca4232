/**
 * Keeps projects. Guarantees: names are unique (also against another call under way); what watchers see is on the disk;
 * a project that a workspace uses stays.
 */
import type { ProjectId } from '#contract/ids.ts';
import type { Project, ProjectDefinition } from '#contract/projects.ts';
import { Collection } from '../changes.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import {
  assertNameIsFree,
  editedProject,
  freeName,
  noSuchProject,
  type ProjectEdit,
  parseProject,
  projectInUse,
} from './project.ts';

export interface ProjectServiceDeps {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Names of the workspaces that were made of it. */
  readonly workspacesOf: (id: ProjectId) => readonly string[];
}

export async function createProjectService(deps: ProjectServiceDeps): Promise<ProjectService> {
  const records = deps.records.collection('projects', parseProject);
  return new ProjectService(deps, records, await records.all());
}

export class ProjectService {
  readonly #deps: ProjectServiceDeps;
  readonly #records: RecordCollection<Project>;
  readonly #projects = new Collection<Project>();

  constructor(deps: ProjectServiceDeps, records: RecordCollection<Project>, known: readonly Project[]) {
    this.#deps = deps;
    this.#records = records;
    for (const project of known) this.#projects.put(project);
  }

  get(id: ProjectId): Project | undefined {
    return this.#projects.get(id);
  }

  /** Throws not-found. */
  require(id: ProjectId): Project {
    const project = this.#projects.get(id);
    if (!project) throw noSuchProject(id);
    return project;
  }

  watch(signal: AbortSignal) {
    return this.#projects.watch(signal);
  }

  /** Throws project.name-taken. */
  async create(definition: ProjectDefinition): Promise<Project> {
    const { records, random, clock } = this.#deps;
    const at = instantOf(clock);
    const project: Project = { ...definition, id: random.id('proj'), createdAt: at, changedAt: at };
    await records.transaction(async () => {
      assertNameIsFree(project.name, await this.#records.all());
      await this.#records.put(project);
    });
    this.#projects.put(project);
    return project;
  }

  /**
   * Makes the project that a workspace found on a host was made of, unless there is one of this id. A name that is taken
   * gives way: it gets a number.
   */
  async adopt(id: ProjectId, definition: ProjectDefinition): Promise<void> {
    if (this.#projects.get(id)) return;
    const { records, clock } = this.#deps;
    const at = instantOf(clock);
    const project = await records.transaction(async () => {
      const all = await this.#records.all();
      const name = freeName(definition.name, all);
      const adopted: Project = { ...definition, name, id, createdAt: at, changedAt: at };
      await this.#records.put(adopted);
      return adopted;
    });
    this.#projects.put(project);
  }

  /** Throws not-found, project.name-taken. */
  async edit(id: ProjectId, edit: ProjectEdit): Promise<Project> {
    this.require(id);
    const { records, clock } = this.#deps;
    const project = await records.transaction(async () => {
      const all = await this.#records.all();
      const before = all.find((other) => other.id === id);
      if (!before) throw noSuchProject(id);
      const after = editedProject(before, edit, instantOf(clock));
      assertNameIsFree(after.name, all, id);
      await this.#records.put(after);
      return after;
    });
    this.#projects.put(project);
    return project;
  }

  /** Throws not-found, project.in-use. */
  async remove(id: ProjectId): Promise<void> {
    const project = this.require(id);
    const workspaceNames = this.#deps.workspacesOf(id);
    if (workspaceNames.length > 0) throw projectInUse(project, workspaceNames);
    await this.#records.delete(id);
    this.#projects.delete(id);
  }
}
