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
  editedProject,
  freeName,
  nameKey,
  nameTaken,
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
  /** Names by owner: of what there is and of what is being written. Looked up, not searched: there may be thousands. */
  readonly #names = new Map<string, ProjectId>();
  readonly #shownKeys = new Map<ProjectId, string>();

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
    const { random, clock } = this.#deps;
    const at = instantOf(clock);
    const id = random.id('proj') as ProjectId;
    const project: ProjectRecord = { ...definition, id, ownerId, createdAt: at, changedAt: at };
    this.#claim(project);
    await this.#kept(project, () => this.#records.put(project));
    return this.#show(project);
  }

  /**
   * Makes the project that a workspace found on a host was made of, unless its owner has one of this id. A name that is
   * taken gives way: it gets a number. False: the id is of somebody else's project, which the workspace is not to use.
   */
  async adopt(id: ProjectId, definition: ProjectDefinition, ownerId: UserId): Promise<boolean> {
    const known = this.#owners.get(id);
    if (known !== undefined) return known === ownerId;
    const at = instantOf(this.#deps.clock);
    const name = this.#freeName(definition.name, ownerId);
    const adopted: ProjectRecord = { ...definition, name, id, ownerId, createdAt: at, changedAt: at };
    this.#claim(adopted);
    // From here on a second workspace of the same project finds it known.
    this.#owners.set(id, ownerId);
    try {
      await this.#kept(adopted, () => this.#records.put(adopted));
    } catch (error) {
      this.#owners.delete(id);
      throw error;
    }
    this.#show(adopted);
    return true;
  }

  /** Throws not-found, project.name-taken. */
  async edit(id: ProjectId, edit: ProjectEdit): Promise<Project> {
    this.require(id);
    const { records, clock } = this.#deps;
    let after: ProjectRecord | undefined;
    try {
      await records.transaction(async () => {
        const before = await this.#records.get(id);
        if (!before) throw noSuchProject(id);
        const edited = editedProject(before, edit, instantOf(clock));
        this.#claim(edited);
        after = edited;
        await this.#records.put(edited);
      });
    } catch (error) {
      if (after !== undefined) this.#release(after);
      throw error;
    }
    if (after === undefined) throw noSuchProject(id);
    return this.#show(after);
  }

  /** Throws not-found, project.in-use. */
  async remove(id: ProjectId): Promise<void> {
    const project = this.require(id);
    const workspaceNames = this.#deps.workspacesOf(id);
    if (workspaceNames.length > 0) throw projectInUse(project, workspaceNames);
    await this.#records.delete(id);
    const key = this.#shownKeys.get(id);
    if (key !== undefined && this.#names.get(key) === id) this.#names.delete(key);
    this.#shownKeys.delete(id);
    this.#owners.delete(id);
    this.#projects.delete(id);
  }

  /** One person's become another's; a name that is taken there gets a number. Returns how many. */
  async takeOver(from: UserId, to: UserId): Promise<number> {
    const moved: ProjectRecord[] = [];
    try {
      await this.#deps.records.transaction(async () => {
        for (const project of await this.#records.all()) {
          if (project.ownerId !== from) continue;
          const after = { ...project, ownerId: to, name: this.#freeName(project.name, to) };
          this.#claim(after);
          moved.push(after);
          await this.#records.put(after);
        }
      });
    } catch (error) {
      for (const project of moved) this.#release(project);
      throw error;
    }
    for (const project of moved) this.#show(project);
    return moved.length;
  }

  /** The name is this project's from now on, before anything is awaited. Throws project.name-taken. */
  #claim({ id, name, ownerId }: ProjectRecord): void {
    const key = keyOf(ownerId, name);
    const other = this.#names.get(key);
    if (other !== undefined && other !== id) throw nameTaken(other, this.#projects.get(other)?.name ?? name);
    this.#names.set(key, id);
  }

  /** Takes a claim back, unless it is the name that the project is shown with. */
  #release({ id, name, ownerId }: ProjectRecord): void {
    const key = keyOf(ownerId, name);
    if (this.#names.get(key) === id && this.#shownKeys.get(id) !== key) this.#names.delete(key);
  }

  async #kept(project: ProjectRecord, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#release(project);
      throw error;
    }
  }

  #freeName(name: string, ownerId: UserId): string {
    return freeName(name, (candidate) => this.#names.has(keyOf(ownerId, candidate)));
  }

  #show(record: ProjectRecord): Project {
    const project = toProject(record);
    const key = keyOf(record.ownerId, record.name);
    const before = this.#shownKeys.get(record.id);
    if (before !== undefined && before !== key && this.#names.get(before) === record.id)
      this.#names.delete(before);
    this.#names.set(key, record.id);
    this.#shownKeys.set(record.id, key);
    // Before watchers look: whose it is decides who is told.
    this.#owners.set(record.id, record.ownerId);
    this.#projects.put(project);
    return project;
  }
}

/** One person's names are apart from another's. */
function keyOf(ownerId: UserId, name: string): string {
  return `${ownerId} ${nameKey(name)}`;
}
