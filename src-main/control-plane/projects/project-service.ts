/**
 * Keeps projects. Guarantees: names are unique among one person's (also against another call under way); what watchers see
 * is on the disk; a project that a workspace uses stays. Two people's projects know nothing of each other.
 */
import type { ProjectId, UserId } from '#contract/ids.ts';
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
  type ProjectRecord,
  parseProject,
  projectInUse,
  toProject,
} from './project.ts';

export interface ProjectServiceDeps {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Names of its owner's workspaces that were made of it. */
  readonly workspacesOf: (id: ProjectId) => readonly string[];
}

export async function createProjectService(deps: ProjectServiceDeps): Promise<ProjectService> {
  const records = deps.records.collection('projects', parseProject);
  return new ProjectService(deps, records, await records.all());
}

export class ProjectService {
  readonly #deps: ProjectServiceDeps;
  readonly #records: RecordCollection<ProjectRecord>;
  readonly #owners = new Map<string, UserId>();
  readonly #projects = new Collection<Project>();

  constructor(
    deps: ProjectServiceDeps,
    records: RecordCollection<ProjectRecord>,
    known: readonly ProjectRecord[],
  ) {
    this.#deps = deps;
    this.#records = records;
    for (const project of known) this.#show(project);
  }

  /** One of this person's. */
  find(id: ProjectId, ownerId: UserId): Project | undefined {
    return this.#owners.get(id) === ownerId ? this.#projects.get(id) : undefined;
  }

  /** Throws not-found. */
  require(id: ProjectId): Project {
    const project = this.#projects.get(id);
    if (!project) throw noSuchProject(id);
    return project;
  }

  ownerOf(id: string): UserId | undefined {
    return this.#owners.get(id);
  }

  watch(signal: AbortSignal, isVisible: (project: { id: string }) => boolean) {
    return this.#projects.watch(signal, isVisible);
  }

  /** Throws project.name-taken. */
  async create(definition: ProjectDefinition, ownerId: UserId): Promise<Project> {
    const { records, random, clock } = this.#deps;
    const at = instantOf(clock);
    const project: ProjectRecord = {
      ...definition,
      id: random.id('proj'),
      ownerId,
      createdAt: at,
      changedAt: at,
    };
    await records.transaction(async () => {
      assertNameIsFree(project.name, await this.#ofOwner(ownerId));
      await this.#records.put(project);
    });
    return this.#show(project);
  }

  /**
   * Makes the project that a workspace found on a host was made of, unless its owner has one of this id. A name that is
   * taken gives way: it gets a number. False: the id is of somebody else's project, which the workspace is not to use.
   */
  async adopt(id: ProjectId, definition: ProjectDefinition, ownerId: UserId): Promise<boolean> {
    const known = this.#owners.get(id);
    if (known !== undefined) return known === ownerId;
    const { records, clock } = this.#deps;
    const at = instantOf(clock);
    const project = await records.transaction(async () => {
      const present = await this.#records.get(id);
      if (present !== undefined) return present;
      const name = freeName(definition.name, await this.#ofOwner(ownerId));
      const adopted: ProjectRecord = { ...definition, name, id, ownerId, createdAt: at, changedAt: at };
      await this.#records.put(adopted);
      return adopted;
    });
    this.#show(project);
    return project.ownerId === ownerId;
  }

  /** Throws not-found, project.name-taken. */
  async edit(id: ProjectId, edit: ProjectEdit): Promise<Project> {
    this.require(id);
    const { records, clock } = this.#deps;
    const project = await records.transaction(async () => {
      const before = await this.#records.get(id);
      if (!before) throw noSuchProject(id);
      const after = editedProject(before, edit, instantOf(clock));
      assertNameIsFree(after.name, await this.#ofOwner(after.ownerId), id);
      await this.#records.put(after);
      return after;
    });
    return this.#show(project);
  }

  /** Throws not-found, project.in-use. */
  async remove(id: ProjectId): Promise<void> {
    const project = this.require(id);
    const workspaceNames = this.#deps.workspacesOf(id);
    if (workspaceNames.length > 0) throw projectInUse(project, workspaceNames);
    await this.#records.delete(id);
    this.#owners.delete(id);
    this.#projects.delete(id);
  }

  /** One person's become another's; a name that is taken there gets a number. Returns how many. */
  async takeOver(from: UserId, to: UserId): Promise<number> {
    const moved = await this.#deps.records.transaction(async () => {
      const theirs = await this.#ofOwner(to);
      const taken: ProjectRecord[] = [];
      for (const project of await this.#ofOwner(from)) {
        const name = freeName(project.name, [...theirs, ...taken]);
        const after = { ...project, ownerId: to, name };
        await this.#records.put(after);
        taken.push(after);
      }
      return taken;
    });
    for (const project of moved) this.#show(project);
    return moved.length;
  }

  async #ofOwner(ownerId: UserId): Promise<ProjectRecord[]> {
    return (await this.#records.all()).filter((project) => project.ownerId === ownerId);
  }

  #show(record: ProjectRecord): Project {
    const project = toProject(record);
    // Before watchers look: whose it is decides who is told.
    this.#owners.set(record.id, record.ownerId);
    this.#projects.put(project);
    return project;
  }
}
